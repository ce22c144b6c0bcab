use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::money::{BasisPoints, Currency};
use crate::pricing::{RateCard, ServiceFees, TaxRate, price_stay};
use crate::property::Percent;

const ALL_BACK: i64 = 130_410;
/// Half of 1,000.00, the cleaning fee, and the tax on both.
const HALF_BACK: i64 = 60_500;
/// The cleaning fee and its tax.
const CLEANING_BACK: i64 = 5_500;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stay_of(check_in: Date, nights: u32) -> StayDates {
    StayDates::new(check_in, check_in.saturating_add(i64::from(nights).days())).unwrap()
}

/// 100.00 a night, 50.00 for cleaning, 14.2 % fee, 10 % tax.
fn price_of(dates: StayDates, currency: Currency) -> Price {
    let card = RateCard {
        currency,
        base_price_minor: 10_000,
        weekend_price_minor: None,
        weekly_discount_percent: Percent::ZERO,
        monthly_discount_percent: Percent::ZERO,
        cleaning_fee_minor: 5_000,
        extra_guest_fee: None,
    };
    let tax = TaxRate { name: "Tax".to_owned(), basis_points: BasisPoints(1_000) };
    let fees = ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) };
    price_stay(&card, dates, 2, &BTreeMap::new(), &[tax], fees).unwrap()
}

/// A stay in Paris from 10 June 2026, 15:00 there, 13:00 UTC; booked and confirmed long before unless said.
struct Case {
    policy: CancellationPolicy,
    dates: StayDates,
    price: Price,
    booked_at: &'static str,
    confirmed_at: Option<&'static str>,
    zone: TimeZoneName,
}

fn case(policy: CancellationPolicy, nights: u32) -> Case {
    let dates = stay_of(date(2026, 6, 10), nights);
    Case {
        policy,
        dates,
        price: price_of(dates, Currency::USD),
        booked_at: "2026-01-01T00:00:00Z",
        confirmed_at: Some("2026-01-01T00:00:00Z"),
        zone: TimeZoneName::parse("Europe/Paris").unwrap(),
    }
}

impl Case {
    fn cancel(&self, by: Party, now: Timestamp) -> RefundPreview {
        let stay = BookedStay {
            policy: self.policy,
            price: &self.price,
            dates: self.dates,
            check_in_time: DEFAULT_CHECK_IN_TIME,
            time_zone: &self.zone,
            booked_at: at(self.booked_at),
            confirmed_at: self.confirmed_at.map(at),
        };
        refund(&stay, by, now)
    }

    fn refund_at(&self, now: &str) -> i64 {
        self.cancel(Party::Guest, at(now)).refund.amount
    }
}

#[rstest]
#[case::day_before("2026-06-09T13:00:00Z", ALL_BACK)]
#[case::a_second_late("2026-06-09T13:00:01Z", 104_500)]
#[case::a_second_before_check_in("2026-06-10T12:59:59Z", 104_500)]
#[case::at_check_in_without_cleaning("2026-06-10T13:00:00Z", 99_000)]
#[case::evening_of_arrival("2026-06-10T21:59:59Z", 99_000)]
#[case::not_a_whole_night("2026-06-11T12:59:59Z", 99_000)]
#[case::one_night_stayed("2026-06-11T13:00:00Z", 88_000)]
#[case::one_night_left("2026-06-19T12:59:59Z", 11_000)]
#[case::last_day("2026-06-19T13:00:00Z", 0)]
#[case::long_over("2027-06-19T13:00:00Z", 0)]
fn flexible_keeps_a_night_from_24_hours_on(#[case] now: &str, #[case] refund: i64) {
    assert_eq!(case(CancellationPolicy::Flexible, 10).refund_at(now), refund);
}

#[rstest]
#[case::five_days("2026-06-05T13:00:00Z", ALL_BACK)]
#[case::a_second_late("2026-06-05T13:00:01Z", 55_000)]
#[case::a_second_before_check_in("2026-06-10T12:59:59Z", 55_000)]
#[case::at_check_in_without_cleaning("2026-06-10T13:00:00Z", 49_500)]
#[case::not_a_whole_night("2026-06-11T12:59:59Z", 49_500)]
#[case::one_night_stayed("2026-06-11T13:00:00Z", 44_000)]
#[case::last_day("2026-06-19T13:00:00Z", 0)]
fn moderate_keeps_a_night_and_half_the_rest_from_5_days_on(#[case] now: &str, #[case] refund: i64) {
    assert_eq!(case(CancellationPolicy::Moderate, 10).refund_at(now), refund);
}

#[rstest]
#[case::fourteen_days(CancellationPolicy::Limited, "2026-05-27T13:00:00Z", ALL_BACK)]
#[case::a_second_late(CancellationPolicy::Limited, "2026-05-27T13:00:01Z", HALF_BACK)]
#[case::thirty_days(CancellationPolicy::Firm, "2026-05-11T13:00:00Z", ALL_BACK)]
#[case::a_second_late(CancellationPolicy::Firm, "2026-05-11T13:00:01Z", HALF_BACK)]
#[case::strict_is_half_from_the_start(CancellationPolicy::Strict, "2026-04-01T13:00:00Z", HALF_BACK)]
fn limited_firm_and_strict_give_half_after_their_notice(
    #[case] policy: CancellationPolicy,
    #[case] now: &str,
    #[case] refund: i64,
) {
    assert_eq!(case(policy, 10).refund_at(now), refund);
}

#[rstest]
fn half_comes_back_until_7_days_then_only_cleaning_until_check_in(
    #[values(CancellationPolicy::Limited, CancellationPolicy::Firm, CancellationPolicy::Strict)]
    policy: CancellationPolicy,
) {
    let case = case(policy, 10);
    assert_eq!(case.refund_at("2026-06-03T13:00:00Z"), HALF_BACK);
    assert_eq!(case.refund_at("2026-06-03T13:00:01Z"), CLEANING_BACK);
    assert_eq!(case.refund_at("2026-06-10T12:59:59Z"), CLEANING_BACK);
    assert_eq!(case.refund_at("2026-06-10T13:00:00Z"), 0);
}

#[rstest]
#[case::both_kept("2026-05-25T12:00:00Z", "2026-05-27T12:00:00Z", ALL_BACK)]
#[case::after_48_hours("2026-05-25T12:00:00Z", "2026-05-27T12:00:01Z", HALF_BACK)]
#[case::at_14_days("2026-05-26T12:00:00Z", "2026-05-27T13:00:00Z", ALL_BACK)]
#[case::under_14_days("2026-05-26T12:00:00Z", "2026-05-27T13:00:01Z", HALF_BACK)]
fn strict_gives_all_back_within_48_hours_of_booking_and_14_days_before(
    #[case] booked_at: &'static str,
    #[case] now: &str,
    #[case] refund: i64,
) {
    let case = Case { booked_at, confirmed_at: Some(booked_at), ..case(CancellationPolicy::Strict, 10) };
    assert_eq!(case.refund_at(now), refund);
}

#[rstest]
#[case::at_24_hours("2026-05-30T10:00:00Z", "2026-05-31T10:00:00Z", ALL_BACK)]
#[case::after_24_hours("2026-05-30T10:00:00Z", "2026-05-31T10:00:01Z", HALF_BACK)]
#[case::at_7_days("2026-06-03T12:00:00Z", "2026-06-03T13:00:00Z", ALL_BACK)]
#[case::under_7_days("2026-06-03T12:00:00Z", "2026-06-03T13:00:01Z", CLEANING_BACK)]
fn grace_gives_all_back_within_24_hours_of_confirmation_and_7_days_before(
    #[case] confirmed_at: &'static str,
    #[case] now: &str,
    #[case] refund: i64,
) {
    let case = Case { confirmed_at: Some(confirmed_at), ..case(CancellationPolicy::Limited, 10) };
    assert_eq!(case.refund_at(now), refund);
}

#[test]
fn grace_stands_over_the_long_term_terms() {
    let confirmed = Some("2026-06-01T00:00:00Z");
    let case = Case { confirmed_at: confirmed, ..case(CancellationPolicy::Strict, 40) };
    assert_eq!(case.refund_at("2026-06-02T00:00:00Z"), 503_010);
    assert_eq!(case.refund_at("2026-06-02T00:00:01Z"), 115_500);
}

#[rstest]
#[case::twenty_eight_days("2026-05-13T13:00:00Z", 503_010)]
#[case::a_second_late("2026-05-13T13:00:01Z", 115_500)]
#[case::a_second_before_check_in("2026-06-10T12:59:59Z", 115_500)]
#[case::at_check_in("2026-06-10T13:00:00Z", 110_000)]
#[case::one_night_stayed("2026-06-11T13:00:00Z", 99_000)]
#[case::one_night_left("2026-06-20T12:59:59Z", 11_000)]
#[case::none_left("2026-06-20T13:00:00Z", 0)]
fn long_stays_keep_30_nights_whatever_the_policy(#[case] now: &str, #[case] refund: i64) {
    for policy in CancellationPolicy::ALL {
        assert_eq!(case(*policy, 40).refund_at(now), refund, "{policy}");
    }
}

#[test]
fn long_terms_begin_at_28_nights() {
    let day_before = "2026-06-09T13:00:00Z";
    assert_eq!(case(CancellationPolicy::Flexible, 28).refund_at(day_before), CLEANING_BACK);
    let of_27_nights = case(CancellationPolicy::Flexible, 27);
    assert_eq!(of_27_nights.refund_at(day_before), of_27_nights.price.total.amount);
}

#[rstest]
#[case::real_hours(CancellationPolicy::Flexible, "2026-03-28T13:00:00Z", "2026-03-28T13:00:01Z")]
#[case::days_by_the_clock(CancellationPolicy::Moderate, "2026-03-24T14:00:00Z", "2026-03-24T14:00:01Z")]
fn hours_are_real_and_days_are_by_the_clocks_there(
    #[case] policy: CancellationPolicy,
    #[case] last: &str,
    #[case] late: &str,
) {
    // Clocks went forward that morning: 15:00 is 13:00 UTC, and was 14:00 UTC the day before.
    let case = Case { dates: stay_of(date(2026, 3, 29), 10), ..case(policy, 10) };
    assert_eq!(case.refund_at(last), ALL_BACK);
    assert!(case.refund_at(late) < ALL_BACK);
}

#[rstest]
fn host_admin_and_system_give_everything_back_always(
    #[values(Party::Host, Party::Admin, Party::System)] by: Party,
    #[values("2026-01-02T00:00:00Z", "2026-06-15T13:00:00Z")] now: &str,
) {
    let preview = case(CancellationPolicy::Strict, 10).cancel(by, at(now));
    assert_eq!(preview.refund.amount, ALL_BACK);
    assert_eq!((preview.next_change_at, preview.refund_after_next_change), (None, None));
}

#[test]
fn nothing_is_kept_of_a_booking_never_confirmed() {
    let case = Case { confirmed_at: None, ..case(CancellationPolicy::Strict, 10) };
    assert_eq!(case.refund_at("2026-06-10T12:00:00Z"), ALL_BACK);
}

#[test]
fn lines_say_what_each_part_gives_back() {
    let preview = case(CancellationPolicy::Limited, 10).cancel(Party::Guest, at("2026-06-01T00:00:00Z"));
    let lines: Vec<_> =
        preview.lines.iter().map(|line| (line.code.as_str(), line.paid.amount, line.refund.amount)).collect();
    let expected =
        [("nights", 100_000, 50_000), ("cleaning", 5_000, 5_000), ("guest_fee", 14_910, 0), ("tax", 10_500, 5_500)];
    assert_eq!(lines, expected);
}

#[test]
fn the_part_given_back_is_rounded_half_up_once() {
    let mut case = case(CancellationPolicy::Limited, 3);
    let card = RateCard {
        currency: Currency::USD,
        base_price_minor: 3_333,
        weekend_price_minor: Some(1_111),
        weekly_discount_percent: Percent::ZERO,
        monthly_discount_percent: Percent::ZERO,
        cleaning_fee_minor: 0,
        extra_guest_fee: None,
    };
    let fees = ServiceFees { guest: BasisPoints(0), host: BasisPoints(0) };
    case.price = price_stay(&card, case.dates, 1, &BTreeMap::new(), &[], fees).unwrap();
    // Wednesday, Thursday, Friday: 66.66 and 11.11, together 77.77, half of it 38.885.
    let preview = case.cancel(Party::Guest, at("2026-06-01T00:00:00Z"));
    assert_eq!(preview.refund.amount, 3_889);
    assert_eq!(preview.lines.iter().map(|line| line.refund.amount).collect::<Vec<_>>(), [3_333, 556]);
}

#[test]
fn three_decimal_refunds_go_in_steps_of_ten_too() {
    let mut case = case(CancellationPolicy::Flexible, 7);
    case.price = price_of(case.dates, Currency::KWD);
    let preview = case.cancel(Party::Guest, at("2026-06-10T00:00:00Z"));
    // 6 of 7 nights 60,000, cleaning 5,000, tax 6,500; then one more night and a rate that does not divide.
    assert_eq!(preview.refund.amount, 71_500);
    let uneven = Case {
        dates: stay_of(date(2026, 6, 10), 7),
        price: price_of(stay_of(date(2026, 6, 10), 3), Currency::KWD),
        ..case
    };
    let preview = uneven.cancel(Party::Guest, at("2026-06-10T00:00:00Z"));
    // 30,000 · 6/7 = 25,714, cleaning 5,000, tax 3,071: 33,785 becomes 33,790.
    assert_eq!(preview.refund.amount, 33_790);
    assert_eq!(preview.lines.last().map(|line| (line.code, line.refund.amount)), Some((PriceLineCode::Rounding, 5)));
}

#[rstest]
#[case::before(CancellationPolicy::Flexible, "2026-05-01T00:00:00Z", Some(("2026-06-09T13:00:00Z", 104_500)))]
#[case::at_the_limit(CancellationPolicy::Flexible, "2026-06-09T13:00:00Z", Some(("2026-06-09T13:00:00Z", 104_500)))]
#[case::then_check_in(CancellationPolicy::Flexible, "2026-06-09T13:00:01Z", Some(("2026-06-10T13:00:00Z", 99_000)))]
#[case::then_each_night(CancellationPolicy::Flexible, "2026-06-10T13:00:00Z", Some(("2026-06-11T13:00:00Z", 88_000)))]
#[case::the_last_night(CancellationPolicy::Flexible, "2026-06-19T13:00:00Z", None)]
#[case::firm(CancellationPolicy::Firm, "2026-05-01T00:00:00Z", Some(("2026-05-11T13:00:00Z", HALF_BACK)))]
#[case::half(CancellationPolicy::Firm, "2026-05-12T00:00:00Z", Some(("2026-06-03T13:00:00Z", CLEANING_BACK)))]
#[case::cleaning(CancellationPolicy::Firm, "2026-06-04T00:00:00Z", Some(("2026-06-10T13:00:00Z", 0)))]
#[case::nothing_left(CancellationPolicy::Firm, "2026-06-10T13:00:00Z", None)]
fn the_next_change_is_announced(
    #[case] policy: CancellationPolicy,
    #[case] now: &str,
    #[case] expected: Option<(&str, i64)>,
) {
    let preview = case(policy, 10).cancel(Party::Guest, at(now));
    let found = preview.next_change_at.zip(preview.refund_after_next_change.map(|money| money.amount));
    assert_eq!(found, expected.map(|(time, amount)| (at(time), amount)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn refunds_never_grow_and_add_up_and_stay_within_what_was_paid(
        policy in prop::sample::select(CancellationPolicy::ALL.to_vec()),
        nights in 1_u32..60,
        hours in prop::collection::vec(-1_200_i64..1_600, 1..12),
        confirmed_hours_before in 1_i64..1_300,
        currency in prop::sample::select(vec![Currency::USD, Currency::KWD]),
    ) {
        let mut case = case(policy, nights);
        case.price = price_of(case.dates, currency);
        let check_in = at("2026-06-10T13:00:00Z");
        let confirmed = check_in - confirmed_hours_before.hours();
        let mut hours = hours;
        hours.sort_unstable();
        let mut last = i64::MAX;
        for now in hours.into_iter().map(|hour| check_in + hour.hours()).filter(|now| *now >= confirmed) {
            let stay = BookedStay {
                policy, price: &case.price, dates: case.dates, check_in_time: DEFAULT_CHECK_IN_TIME, time_zone: &case.zone,
                booked_at: confirmed, confirmed_at: Some(confirmed),
            };
            let preview = refund(&stay, Party::Guest, now);
            let amount = preview.refund.amount;
            prop_assert!((0..=case.price.total.amount).contains(&amount));
            prop_assert!(amount <= last);
            prop_assert_eq!(preview.lines.iter().map(|line| line.refund.amount).sum::<i64>(), amount);
            prop_assert_eq!(preview.lines.iter().map(|line| line.paid.amount).sum::<i64>(), case.price.total.amount);
            if let (Some(change), Some(later)) = (preview.next_change_at, preview.refund_after_next_change) {
                prop_assert!(change >= now && later.amount < amount);
                prop_assert_eq!(refund(&stay, Party::Guest, change + 1.second()).refund, later);
                if change > now + 1.second() {
                    prop_assert_eq!(refund(&stay, Party::Guest, change - 1.second()).refund.amount, amount);
                }
            }
            last = amount;
        }
    }
}
