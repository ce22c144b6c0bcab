use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

const FEES: ServiceFees = ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) };

fn percent(percent: i64) -> Percent {
    Percent::new(percent).unwrap()
}

fn card() -> RateCard {
    RateCard {
        currency: Currency::USD,
        base_price_minor: 10_000,
        weekend_price_minor: None,
        weekly_discount_percent: Percent::ZERO,
        monthly_discount_percent: Percent::ZERO,
        cleaning_fee_minor: 0,
        extra_guest_fee: None,
    }
}

/// So many nights from Monday 1 June 2026.
fn nights(count: i64) -> StayDates {
    StayDates::new(date(2026, 6, 1), date(2026, 6, 1).saturating_add(count.days())).unwrap()
}

fn price(card: &RateCard, dates: StayDates, guests: u32, taxes: &[TaxRate]) -> Price {
    price_stay(card, dates, guests, &BTreeMap::new(), taxes, FEES).unwrap()
}

/// Lines as `code quantity unit amount`.
fn lines(price: &Price) -> Vec<(&'static str, u32, i64, i64)> {
    price
        .lines
        .iter()
        .map(|line| (line.code.as_str(), line.quantity, line.unit_amount.amount, line.amount.amount))
        .collect()
}

fn tax(name: &str, basis_points: u32) -> TaxRate {
    TaxRate { name: name.to_owned(), basis_points: BasisPoints(basis_points) }
}

#[test]
fn a_whole_bill_adds_up_line_by_line() {
    let card = RateCard {
        weekend_price_minor: Some(15_000),
        weekly_discount_percent: percent(10),
        cleaning_fee_minor: 5_000,
        extra_guest_fee: Some(ExtraGuestFee { after: 2, per_night_minor: 1_000 }),
        ..card()
    };
    let overrides = BTreeMap::from([(date(2026, 6, 2), 20_000), (date(2026, 6, 8), 1)]);
    let taxes = [tax("City tax", 550), tax("State tax", 700)];
    let price = price_stay(&card, nights(7), 4, &overrides, &taxes, FEES).unwrap();
    // 4 · 100 + 200 + 2 · 150 = 900; less 10 % = 810; 2 guests · 7 · 10 = 140; cleaning 50.
    assert_eq!(
        lines(&price),
        [
            ("nights", 4, 10_000, 40_000),
            ("nights", 1, 20_000, 20_000),
            ("nights", 2, 15_000, 30_000),
            ("discount", 1, -9_000, -9_000),
            ("extra_guests", 14, 1_000, 14_000),
            ("cleaning", 1, 5_000, 5_000),
            ("guest_fee", 1, 14_200, 14_200),
            ("tax", 1, 5_500, 5_500),
            ("tax", 1, 7_000, 7_000),
        ]
    );
    let amounts = [price.subtotal, price.guest_fee, price.taxes, price.total, price.host_fee, price.host_payout];
    assert_eq!(amounts.map(|money| money.amount), [100_000, 14_200, 12_500, 126_700, 3_000, 97_000]);
    let descriptions: Vec<_> = price.lines.iter().map(|line| line.description.as_str()).collect();
    assert_eq!(
        descriptions,
        [
            "4 nights",
            "1 night",
            "2 nights",
            "Weekly discount, 10%",
            "2 extra guests, 7 nights",
            "Cleaning fee",
            "Service fee",
            "City tax",
            "State tax",
        ]
    );
}

#[test]
fn weekend_nights_are_friday_and_saturday() {
    let card = RateCard { weekend_price_minor: Some(15_000), ..card() };
    let prices: Vec<_> = nights(7).night_dates().map(|night| nightly_price_minor(&card, night, None)).collect();
    assert_eq!(prices, [10_000, 10_000, 10_000, 10_000, 15_000, 15_000, 10_000]);
    assert_eq!(nightly_price_minor(&card, date(2026, 6, 5), Some(7)), 7);
}

#[rstest]
#[case::short(6, 10, 20, 0)]
#[case::week(7, 10, 20, 7_000)]
#[case::nearly_a_month(27, 10, 20, 27_000)]
#[case::month(28, 10, 20, 56_000)]
#[case::month_without_discount_of_its_own(28, 10, 0, 28_000)]
#[case::monthly_wins_even_if_smaller(28, 30, 5, 14_000)]
#[case::only_monthly(27, 0, 20, 0)]
#[case::none(28, 0, 0, 0)]
#[case::everything_off(7, 100, 0, 70_000)]
fn one_discount_by_the_highest_threshold_reached(
    #[case] count: i64,
    #[case] weekly: i64,
    #[case] monthly: i64,
    #[case] off: i64,
) {
    let card =
        RateCard { weekly_discount_percent: percent(weekly), monthly_discount_percent: percent(monthly), ..card() };
    let price = price(&card, nights(count), 1, &[]);
    assert_eq!(price.subtotal.amount, count * 10_000 - off);
    assert_eq!(price.lines.iter().filter(|line| line.code == PriceLineCode::Discount).count(), usize::from(off != 0));
}

#[test]
fn the_discount_is_rounded_once_half_away_from_zero() {
    let card = RateCard { base_price_minor: 45, weekly_discount_percent: percent(10), ..card() };
    // 10 % of 7 · 45 is 31.5.
    assert_eq!(lines(&price(&card, nights(7), 1, &[]))[1], ("discount", 1, -32, -32));
}

#[rstest]
#[case::at_the_threshold(2, None)]
#[case::one_above(3, Some((3, 3_000)))]
#[case::two_above(4, Some((6, 6_000)))]
fn extra_guests_pay_above_the_threshold(#[case] guests: u32, #[case] expected: Option<(u32, i64)>) {
    let card = RateCard { extra_guest_fee: Some(ExtraGuestFee { after: 2, per_night_minor: 1_000 }), ..card() };
    let price = price(&card, nights(3), guests, &[]);
    let line = price.lines.iter().find(|line| line.code == PriceLineCode::ExtraGuests);
    assert_eq!(line.map(|line| (line.quantity, line.amount.amount)), expected);
}

#[test]
fn taxes_and_fees_are_of_the_subtotal_alone_each_rounded() {
    let card = RateCard { base_price_minor: 125, ..card() };
    let price = price(&card, nights(1), 1, &[tax("A", 100), tax("B", 100), tax("Nothing", 0)]);
    // 14.2 % of 125 is 17.75; 1 % is 1.25; 3 % is 3.75.
    assert_eq!(price.guest_fee.amount, 18);
    assert_eq!(price.taxes.amount, 2);
    assert_eq!(price.total.amount, 145);
    assert_eq!((price.host_fee.amount, price.host_payout.amount), (4, 121));
    assert_eq!(price.lines.iter().filter(|line| line.code == PriceLineCode::Tax).count(), 3);
}

#[rstest]
#[case(1_000, None)]
#[case(1_004, Some(-4))]
#[case(1_005, Some(5))]
#[case(1_009, Some(1))]
fn three_decimal_totals_go_in_steps_of_ten(#[case] base: i64, #[case] rounding: Option<i64>) {
    let card = RateCard { currency: Currency::KWD, base_price_minor: base, ..card() };
    let free = ServiceFees { guest: BasisPoints(0), host: BasisPoints(300) };
    let price = price_stay(&card, nights(1), 1, &BTreeMap::new(), &[], free).unwrap();
    let line = price.lines.iter().find(|line| line.code == PriceLineCode::Rounding).map(|line| line.amount.amount);
    assert_eq!(line, rounding);
    assert_eq!(price.total.amount, base + rounding.unwrap_or(0));
    assert_eq!(price.subtotal.amount, base);
}

#[test]
fn a_free_stay_shows_its_nights_and_costs_nothing() {
    let card = RateCard { base_price_minor: 0, ..card() };
    let price = price(&card, nights(2), 1, &[]);
    assert_eq!(lines(&price), [("nights", 2, 0, 0)]);
    assert_eq!(price.total.amount, 0);
}

#[test]
fn negative_prices_are_refused() {
    let negative = |card: RateCard| price_stay(&card, nights(1), 9, &BTreeMap::new(), &[], FEES);
    let fee = ExtraGuestFee { after: 1, per_night_minor: -1 };
    assert_eq!(negative(RateCard { base_price_minor: -1, ..card() }), Err(PricingError::Negative));
    assert_eq!(negative(RateCard { cleaning_fee_minor: -1, ..card() }), Err(PricingError::Negative));
    assert_eq!(negative(RateCard { extra_guest_fee: Some(fee), ..card() }), Err(PricingError::Negative));
    let overrides = BTreeMap::from([(date(2026, 6, 1), -5)]);
    assert_eq!(price_stay(&card(), nights(1), 1, &overrides, &[], FEES), Err(PricingError::Negative));
    let greedy = ServiceFees { guest: BasisPoints(0), host: BasisPoints(10_001) };
    assert_eq!(price_stay(&card(), nights(1), 1, &BTreeMap::new(), &[], greedy), Err(PricingError::Negative));
}

#[test]
fn sums_that_do_not_fit_are_an_error() {
    let card = RateCard { base_price_minor: i64::MAX, ..card() };
    assert_eq!(price_stay(&card, nights(2), 1, &BTreeMap::new(), &[], FEES), Err(PricingError::Overflow));
    assert_eq!(price_stay(&card, nights(1), 1, &BTreeMap::new(), &[], FEES), Err(PricingError::Overflow));
}

#[test]
fn a_price_survives_json() {
    let card = RateCard { weekly_discount_percent: percent(10), cleaning_fee_minor: 1, ..card() };
    let price = price(&card, nights(9), 1, &[tax("VAT", 2_000)]);
    let json = serde_json::to_value(&price).unwrap();
    assert_eq!(json["lines"][0]["code"], "nights");
    assert_eq!(json["total"]["currency"], "USD");
    assert_eq!(serde_json::from_value::<Price>(json).unwrap(), price);
}

fn any_card() -> impl Strategy<Value = RateCard> {
    let amount = || prop_oneof![0_i64..100_000, 0..=crate::money::MAX_AMOUNT_MINOR];
    let currency = prop::sample::select(vec![Currency::USD, Currency::JPY, Currency::KWD]);
    let extra = prop::option::of((0_u32..50, amount()));
    (currency, amount(), prop::option::of(amount()), 0_i64..=100, 0_i64..=100, amount(), extra).prop_map(
        |(currency, base, weekend, weekly, monthly, cleaning, extra)| RateCard {
            currency,
            base_price_minor: base,
            weekend_price_minor: weekend,
            weekly_discount_percent: percent(weekly),
            monthly_discount_percent: percent(monthly),
            cleaning_fee_minor: cleaning,
            extra_guest_fee: extra.map(|(after, per_night_minor)| ExtraGuestFee { after, per_night_minor }),
        },
    )
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_its_lines_and_never_negative(
        card in any_card(), count in 1_i64..400, guests in 1_u32..=100, rates in prop::collection::vec(0_u32..5_000, 0..4),
        overrides in prop::collection::btree_map(0_i64..400, 0..=crate::money::MAX_AMOUNT_MINOR, 0..20),
    ) {
        let dates = nights(count);
        let overrides: BTreeMap<_, _> =
            overrides.into_iter().map(|(day, price)| (dates.check_in().saturating_add(day.days()), price)).collect();
        let taxes: Vec<_> = rates.into_iter().map(|rate| tax("Tax", rate)).collect();
        let price = price_stay(&card, dates, guests, &overrides, &taxes, FEES).unwrap();
        let sum = |wanted: &[PriceLineCode]| -> i64 {
            price.lines.iter().filter(|line| wanted.contains(&line.code)).map(|line| line.amount.amount).sum()
        };
        use PriceLineCode::{Cleaning, Discount, ExtraGuests, GuestFee, Nights, Rounding, Tax};
        prop_assert_eq!(price.total.amount, sum(PriceLineCode::ALL));
        prop_assert_eq!(price.subtotal.amount, sum(&[Nights, Discount, ExtraGuests, Cleaning]));
        prop_assert_eq!(price.guest_fee.amount, sum(&[GuestFee]));
        prop_assert_eq!(price.taxes.amount, sum(&[Tax]));
        prop_assert_eq!(price.host_payout.amount + price.host_fee.amount, price.subtotal.amount);
        prop_assert!(price.total.amount >= 0 && price.subtotal.amount >= 0 && price.host_payout.amount >= 0);
        prop_assert!(sum(&[Rounding]).abs() <= 5);
        if card.currency == Currency::KWD {
            prop_assert_eq!(price.total.amount % 10, 0);
        }
        for line in &price.lines {
            prop_assert_eq!(line.unit_amount.amount * i64::from(line.quantity), line.amount.amount);
            prop_assert_eq!(line.amount.currency, card.currency);
        }
        let booked: u32 = price.lines.iter().filter(|line| line.code == Nights).map(|line| line.quantity).sum();
        prop_assert_eq!(i64::from(booked), count);
    }
}

#[test]
fn the_longest_stay_at_the_highest_prices_fits() {
    let most = crate::money::MAX_AMOUNT_MINOR;
    let extra = Some(ExtraGuestFee { after: 99, per_night_minor: most });
    let card = RateCard { base_price_minor: most, cleaning_fee_minor: most, extra_guest_fee: extra, ..card() };
    let dates = StayDates::new(date(2000, 1, 1), date(2200, 12, 31)).unwrap();
    assert!(price_stay(&card, dates, 100, &BTreeMap::new(), &[tax("VAT", 2_000)], FEES).is_ok());
}
