use jiff::civil::{Date, date, time};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::time_zone::TimeZoneName;

fn rules() -> StayRules {
    StayRules {
        min_nights: 2,
        max_nights: 30,
        advance_notice_hours: 24,
        booking_window_days: 365,
        max_guests: 4,
        pets_allowed: false,
        check_in_time: time(15, 0, 0, 0),
        time_zone: TimeZoneName::parse("Europe/Paris").unwrap(),
        preparation_nights: 1,
    }
}

fn two_adults() -> Guests {
    Guests { adults: 2, children: 0, infants: 0, pets: 0 }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The codes of what a stay breaks, at noon of 1 March 2026 in Paris.
fn broken(rules: &StayRules, check_in: Date, check_out: Date) -> Vec<&'static str> {
    codes(rules, check_in, check_out, two_adults(), "2026-03-01T11:00:00Z")
}

fn codes(rules: &StayRules, check_in: Date, check_out: Date, guests: Guests, now: &str) -> Vec<&'static str> {
    broken_rules(rules, check_in, check_out, guests, false, at(now)).iter().map(BrokenRule::code).collect()
}

#[test]
fn a_stay_within_the_rules_breaks_none() {
    assert!(broken(&rules(), date(2026, 3, 10), date(2026, 3, 12)).is_empty());
}

#[rstest]
#[case::one_short(11, &["too_short"])]
#[case::least(12, &[])]
fn min_nights_count_themselves(#[case] check_out: i8, #[case] expected: &[&str]) {
    assert_eq!(broken(&rules(), date(2026, 3, 10), date(2026, 3, check_out)), expected);
}

#[rstest]
#[case::most(9, &[])]
#[case::one_more(10, &["too_long"])]
fn max_nights_count_themselves(#[case] check_out: i8, #[case] expected: &[&str]) {
    assert_eq!(broken(&rules(), date(2026, 3, 10), date(2026, 4, check_out)), expected);
}

#[test]
fn the_arrival_day_may_ask_for_other_min_nights() {
    let stay = (date(2026, 3, 10), date(2026, 3, 13));
    assert_eq!(broken(&rules().with_min_nights(Some(4)), stay.0, stay.1), ["too_short"]);
    assert!(broken(&rules().with_min_nights(Some(3)), stay.0, stay.1).is_empty());
    assert!(broken(&rules().with_min_nights(None), stay.0, stay.1).is_empty());
}

#[rstest]
#[case::same_day(10)]
#[case::before(9)]
fn check_out_comes_after_check_in(#[case] check_out: i8) {
    assert_eq!(broken(&rules(), date(2026, 3, 10), date(2026, 3, check_out)), ["check_out_not_after_check_in"]);
}

#[rstest]
#[case::yesterday_there("2026-03-10T23:00:00Z", &["in_the_past"])]
#[case::still_today_there("2026-03-10T22:59:59Z", &[])]
fn the_past_begins_at_midnight_in_the_propertys_zone(#[case] now: &str, #[case] expected: &[&str]) {
    let rules = StayRules { advance_notice_hours: 0, ..rules() };
    assert_eq!(codes(&rules, date(2026, 3, 10), date(2026, 3, 12), two_adults(), now), expected);
}

#[test]
fn today_differs_from_zone_to_zone() {
    let zone = |name| StayRules { advance_notice_hours: 0, time_zone: TimeZoneName::parse(name).unwrap(), ..rules() };
    let (arrive, leave, now) = (date(2026, 3, 10), date(2026, 3, 12), "2026-03-10T11:30:00Z");
    assert_eq!(codes(&zone("Pacific/Kiritimati"), arrive, leave, two_adults(), now), ["in_the_past"]);
    assert!(codes(&zone("Pacific/Niue"), arrive, leave, two_adults(), now).is_empty());
}

#[rstest]
#[case::exactly_a_day_before("2026-03-09T14:00:00Z", &[])]
#[case::a_nanosecond_late("2026-03-09T14:00:00.000000001Z", &["too_soon"])]
fn notice_is_counted_to_the_check_in_time(#[case] now: &str, #[case] expected: &[&str]) {
    assert_eq!(codes(&rules(), date(2026, 3, 10), date(2026, 3, 12), two_adults(), now), expected);
}

#[rstest]
#[case("2026-03-28T14:00:00Z", &["too_soon"])]
#[case("2026-03-28T13:00:00Z", &[])]
fn notice_is_of_real_hours_over_a_change_of_clocks(#[case] now: &str, #[case] expected: &[&str]) {
    // Clocks go forward in the night before 29 March: 15:00 there is 13:00 UTC.
    assert_eq!(codes(&rules(), date(2026, 3, 29), date(2026, 3, 31), two_adults(), now), expected);
}

#[test]
fn without_notice_one_may_still_arrive_this_evening() {
    let rules = StayRules { advance_notice_hours: 0, ..rules() };
    assert!(codes(&rules, date(2026, 3, 10), date(2026, 3, 12), two_adults(), "2026-03-10T20:00:00Z").is_empty());
}

#[rstest]
#[case::last_day(date(2027, 3, 1), &[])]
#[case::one_further(date(2027, 3, 2), &["too_far_ahead"])]
fn the_booking_window_counts_days_to_check_in(#[case] check_in: Date, #[case] expected: &[&str]) {
    assert_eq!(broken(&rules(), check_in, check_in.saturating_add(2.days())), expected);
}

#[rstest]
#[case::full(Guests { adults: 3, children: 1, infants: 5, pets: 0 }, &[])]
#[case::one_more(Guests { adults: 3, children: 2, infants: 0, pets: 0 }, &["too_many_guests"])]
#[case::pet(Guests { adults: 1, children: 0, infants: 0, pets: 1 }, &["pets_not_allowed"])]
fn adults_and_children_count_and_infants_do_not(#[case] guests: Guests, #[case] expected: &[&str]) {
    assert_eq!(codes(&rules(), date(2026, 3, 10), date(2026, 3, 12), guests, "2026-03-01T11:00:00Z"), expected);
}

#[test]
fn pets_come_where_they_may() {
    let rules = StayRules { pets_allowed: true, ..rules() };
    let guests = Guests { pets: 2, ..two_adults() };
    assert!(codes(&rules, date(2026, 3, 10), date(2026, 3, 12), guests, "2026-03-01T11:00:00Z").is_empty());
}

#[test]
fn every_broken_rule_is_said_at_once() {
    let guests = Guests { adults: 9, children: 0, infants: 0, pets: 1 };
    let now = at("2026-03-01T11:00:00Z");
    let broken = broken_rules(&rules(), date(2026, 2, 1), date(2026, 4, 1), guests, true, now);
    let codes: Vec<_> = broken.iter().map(BrokenRule::code).collect();
    assert_eq!(codes, ["in_the_past", "too_long", "too_many_guests", "pets_not_allowed", "own_property"]);
    let pointers: Vec<_> = broken.iter().map(BrokenRule::pointer).collect();
    assert_eq!(pointers, ["/check_in", "/check_out", "/guests", "/guests/pets", "/property_id"]);
    assert_eq!(broken[0].detail(), "The check-in day is over: it is 2026-03-01 at the property.");
    assert_eq!(broken[1].detail(), "The stay has 59 nights; the host allows at most 30.");
    assert_eq!(broken[2].detail(), "There is room for 4 adults and children; you are 9.");
}

#[test]
fn details_have_the_numbers() {
    let stay = |check_in, check_out| {
        broken_rules(&rules(), check_in, check_out, two_adults(), false, at("2026-03-01T11:00:00Z"))
    };
    let detail = |check_in, check_out| stay(check_in, check_out)[0].detail();
    assert_eq!(detail(date(2026, 3, 10), date(2026, 3, 11)), "The stay has 1 night; the host asks for at least 2.");
    assert_eq!(
        detail(date(2026, 3, 1), date(2026, 3, 4)),
        "The host asks for a booking at least 24 hours before the check-in time."
    );
    assert_eq!(
        detail(date(2027, 3, 2), date(2027, 3, 4)),
        "The host takes bookings 365 days ahead: the last check-in day is 2027-03-01."
    );
}

#[rstest]
#[case("2026-02-28", Ok(date(2026, 2, 28)))]
#[case("2000-01-01", Ok(date(2000, 1, 1)))]
#[case("2200-12-31", Ok(date(2200, 12, 31)))]
#[case("1999-12-31", Err("out_of_range"))]
#[case("2201-01-01", Err("out_of_range"))]
#[case("0000-01-01", Err("out_of_range"))]
#[case("9999-12-31", Err("out_of_range"))]
#[case("2026-02-29", Err("invalid_format"))]
#[case("2026-13-01", Err("invalid_format"))]
#[case("2026-2-8", Err("invalid_format"))]
#[case("20260228", Err("invalid_format"))]
#[case("2026-W09-6", Err("invalid_format"))]
#[case("2026-02-28T10:00", Err("invalid_format"))]
#[case(" 2026-02-28", Err("invalid_format"))]
#[case("-000026-02", Err("invalid_format"))]
#[case("２０２６-02-28", Err("invalid_format"))]
#[case("", Err("invalid_format"))]
fn dates_are_days_of_the_calendar_and_nothing_else(#[case] text: &str, #[case] expected: Result<Date, &str>) {
    assert_eq!(parse_date(text).map_err(|invalid| invalid.code), expected);
}

#[test]
fn a_stay_has_its_first_night_and_not_its_last_day() {
    let stay = StayDates::new(date(2028, 2, 28), date(2028, 3, 2)).unwrap();
    assert_eq!(stay.nights(), 3);
    let nights: Vec<_> = stay.night_dates().collect();
    assert_eq!(nights, [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]);
}

#[rstest]
#[case(date(2026, 1, 2), date(2026, 1, 2), "check_out_not_after_check_in")]
#[case(date(2026, 1, 2), date(2026, 1, 1), "check_out_not_after_check_in")]
#[case(date(1999, 12, 31), date(2026, 1, 1), "out_of_range")]
#[case(date(2026, 1, 1), date(2201, 1, 1), "out_of_range")]
fn no_stay_is_empty_reversed_or_absurd(#[case] check_in: Date, #[case] check_out: Date, #[case] code: &str) {
    assert_eq!(StayDates::new(check_in, check_out).unwrap_err().code, code);
}

#[test]
fn json_of_dates_is_checked_too() {
    let json = serde_json::json!({"check_in": "2026-01-01", "check_out": "2026-01-03"});
    let stay: StayDates = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(stay).unwrap(), json);
    let reversed = serde_json::json!({"check_in": "2026-01-03", "check_out": "2026-01-01"});
    assert!(serde_json::from_value::<StayDates>(reversed).is_err());
}

#[test]
fn one_may_arrive_on_the_day_another_leaves() {
    let stay = |from, to| StayDates::new(date(2026, 5, from), date(2026, 5, to)).unwrap();
    assert!(!stay(1, 5).overlaps(stay(5, 8)));
    assert!(!stay(5, 8).overlaps(stay(1, 5)));
    assert!(stay(1, 5).overlaps(stay(4, 8)));
    assert!(stay(1, 9).overlaps(stay(4, 5)));
}

#[test]
fn preparation_nights_extend_the_end_only() {
    let stay = StayDates::new(date(2026, 5, 1), date(2026, 5, 30)).unwrap();
    assert_eq!(stay.held_until(0), date(2026, 5, 30));
    assert_eq!(stay.held_until(2), date(2026, 6, 1));
}

#[rstest]
#[case(1, 0, 0, 0, &[])]
#[case(50, 50, 50, 50, &[])]
#[case(0, 0, 0, 0, &["/adults"])]
#[case(51, -1, 51, i64::MAX, &["/adults", "/children", "/infants", "/pets"])]
#[case(i64::MIN, 0, 0, 0, &["/adults"])]
fn every_number_of_guests_out_of_range_is_said(
    #[case] adults: i64,
    #[case] children: i64,
    #[case] infants: i64,
    #[case] pets: i64,
    #[case] expected: &[&str],
) {
    let faults = Guests::parse(adults, children, infants, pets).err().unwrap_or_default();
    assert_eq!(faults.iter().map(|(pointer, _)| *pointer).collect::<Vec<_>>(), expected);
    assert!(faults.iter().all(|(_, invalid)| invalid.code == "out_of_range"));
}

fn any_date() -> impl Strategy<Value = Date> {
    (-9_999_i16..=9_999, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn any_zone() -> impl Strategy<Value = TimeZoneName> {
    prop::sample::select(vec!["Pacific/Kiritimati", "Pacific/Niue", "Europe/Paris", "America/St_Johns", "UTC"])
        .prop_map(|name| TimeZoneName::parse(name).unwrap())
}

proptest! {
    #[test]
    fn nights_and_night_dates_agree(start in any_date(), days in 1_i64..800) {
        let end = start.saturating_add(days.days());
        if let Ok(stay) = StayDates::new(start, end) {
            let nights: Vec<_> = stay.night_dates().collect();
            prop_assert_eq!(nights.len(), stay.nights() as usize);
            prop_assert_eq!(i64::from(stay.nights()), days);
            prop_assert!(nights.iter().all(|night| start <= *night && *night < end));
        }
    }

    #[test]
    fn no_date_and_no_rule_panics(
        check_in in any_date(), check_out in any_date(), second in -377_705_023_201_i64..=253_402_207_200,
        numbers: (u32, u32, u32, u32, u32), time_zone in any_zone(), pets: bool,
    ) {
        let (min_nights, max_nights, advance_notice_hours, booking_window_days, max_guests) = numbers;
        let rules = StayRules { min_nights, max_nights, advance_notice_hours, booking_window_days, max_guests, time_zone, ..rules() };
        let guests = Guests { adults: u32::MAX, children: u32::MAX, infants: 0, pets: u32::from(pets) };
        let now = Timestamp::from_second(second).unwrap();
        for rule in broken_rules(&rules, check_in, check_out, guests, true, now) {
            prop_assert!(!rule.detail().is_empty());
        }
    }

    #[test]
    fn no_text_panics_as_a_date(text: String) {
        if let Ok(date) = parse_date(&text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}
