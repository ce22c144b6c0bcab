use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::money::BasisPoints;
use crate::pricing::{RateCard, ServiceFees, TaxRate, price_stay};
use crate::property::Percent;
use crate::stay::StayDates;

fn subject() -> Subject {
    Subject { booking_id: BookingId::new(), host_id: UserId::new() }
}

fn price(nightly_minor: i64, nights: i64, currency: Currency) -> Price {
    let card = RateCard {
        currency,
        base_price_minor: nightly_minor,
        weekend_price_minor: None,
        weekly_discount_percent: Percent::new(10).unwrap(),
        monthly_discount_percent: Percent::ZERO,
        cleaning_fee_minor: 3_333,
        extra_guest_fee: None,
    };
    let day = date(2026, 6, 1);
    let dates = StayDates::new(day, day.saturating_add(nights.days())).unwrap();
    let taxes = [("City", 550), ("State", 725)];
    let taxes = taxes.map(|(name, rate)| TaxRate { name: name.to_owned(), basis_points: BasisPoints(rate) });
    let fees = ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) };
    price_stay(&card, dates, 2, &BTreeMap::new(), &taxes, fees).unwrap()
}

/// The books of one booking, kept as the store keeps them.
struct Books {
    of: Subject,
    currency: Currency,
    balances: BTreeMap<Account, i64>,
    /// What [`Standing`] leaves out of `host_payable`.
    not_standing: i64,
}

impl Books {
    fn new(currency: Currency) -> Self {
        Self { of: subject(), currency, balances: BTreeMap::new(), not_standing: 0 }
    }

    fn post(&mut self, movement: &Movement) {
        assert_eq!(movement.entries.iter().map(|entry| entry.amount.amount).sum::<i64>(), 0, "{movement:?}");
        assert!(
            movement.entries.iter().all(|entry| entry.amount.amount != 0 && entry.amount.currency == self.currency)
        );
        for entry in &movement.entries {
            *self.balances.entry(entry.account).or_default() += entry.amount.amount;
            if !movement.kind.is_standing() && entry.account == Account::HostPayable {
                self.not_standing += entry.amount.amount;
            }
        }
    }

    fn balance(&self, account: Account) -> i64 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.currency)
    }

    fn standing(&self) -> Standing {
        Standing {
            guest_funds: -self.balance(Account::GuestFunds),
            earned: Split {
                host: self.not_standing - self.balance(Account::HostPayable),
                host_fee: -self.balance(Account::HostFeeRevenue),
                guest_fee: -self.balance(Account::GuestFeeRevenue),
                taxes: -self.balance(Account::TaxPayable),
                rounding: -self.balance(Account::Rounding),
            },
        }
    }

    fn refund(&mut self, amount: i64) -> (RefundId, Money) {
        let (id, amount) = (RefundId::new(), self.money(amount));
        self.post(&refund_decided(self.of, id, amount, self.standing()));
        (id, amount)
    }

    fn assert_earned_is_nothing(&self) {
        assert_eq!(self.standing(), Standing::default());
    }
}

/// Paid for and confirmed.
fn confirmed(price: &Price) -> Books {
    let mut books = Books::new(price.total.currency);
    books.post(&captured(books.of, PaymentId::new(), price.total, false));
    books.post(&earned(books.of, price));
    books
}

#[test]
fn a_confirmed_stay_is_owed_to_whom_the_price_says() {
    let price = price(10_000, 3, Currency::USD);
    let books = confirmed(&price);
    assert_eq!(books.balance(Account::ProviderBalance), price.total.amount);
    assert_eq!(books.balance(Account::GuestFunds), 0);
    assert_eq!(books.balance(Account::HostPayable), -price.host_payout.amount);
    assert_eq!(books.balance(Account::HostFeeRevenue), -price.host_fee.amount);
    assert_eq!(books.balance(Account::GuestFeeRevenue), -price.guest_fee.amount);
    assert_eq!(books.balance(Account::TaxPayable), -price.taxes.amount);
}

#[test]
fn a_hosts_gift_is_wholly_the_hosts_and_the_rest_takes_everything_back() {
    let price = price(10_000, 3, Currency::USD);
    let mut books = confirmed(&price);
    books.refund(5_000);
    assert_eq!(books.balance(Account::HostPayable), -price.host_payout.amount + 5_000);
    assert_eq!(books.balance(Account::HostFeeRevenue), -price.host_fee.amount);
    books.refund(price.total.amount - 5_000);
    books.assert_earned_is_nothing();
    assert_eq!(books.balance(Account::RefundPayable), -price.total.amount);
}

#[test]
fn a_refund_that_failed_is_the_guests_and_the_next_one_takes_it_first() {
    let price = price(10_000, 3, Currency::USD);
    let mut books = confirmed(&price);
    let (id, amount) = books.refund(5_000);
    books.post(&refund_done(books.of, id, amount));
    books.post(&refund_returned(books.of, id, amount, false));
    assert_eq!(books.balance(Account::GuestFunds), -5_000);
    books.refund(6_000);
    assert_eq!(books.balance(Account::GuestFunds), 0);
    assert_eq!(books.balance(Account::HostPayable), -price.host_payout.amount + 6_000);
}

#[test]
fn late_money_goes_back_without_touching_anybodys_earnings() {
    let mut books = Books::new(Currency::EUR);
    books.post(&captured(books.of, PaymentId::new(), Money::new(9_999, Currency::EUR), false));
    let (id, amount) = books.refund(9_999);
    books.post(&refund_done(books.of, id, amount));
    assert!(books.balances.values().all(|balance| *balance == 0));
}

#[test]
fn quarantined_money_and_its_refunds_stay_apart() {
    let mut books = Books::new(Currency::EUR);
    let (id, amount) = (RefundId::new(), Money::new(700, Currency::EUR));
    books.post(&captured(books.of, PaymentId::new(), Money::new(1_000, Currency::EUR), true));
    books.post(&quarantined_refund_decided(books.of, id, amount));
    books.post(&refund_refused(books.of, id, amount, true));
    assert_eq!(books.balance(Account::Suspense), -1_000);
    assert_eq!(books.standing(), Standing::default());
}

#[test]
fn a_dispute_that_is_won_leaves_no_trace_and_a_lost_one_takes_the_hosts_share() {
    let price = price(10_000, 3, Currency::USD);
    let mut books = confirmed(&price);
    let before = books.balances.clone();
    let taken = books.money(-price.total.amount);
    books.post(&dispute_moved(books.of, "txn_1", taken, 1_500));
    assert_eq!(books.balance(Account::Disputes), price.total.amount);
    assert_eq!(books.balance(Account::ProviderBalance), -1_500);
    books.post(&dispute_moved(books.of, "txn_2", price.total, -1_500));
    books.balances.retain(|_, balance| *balance != 0);
    assert_eq!(
        books.balances.into_iter().collect::<Vec<_>>(),
        before.into_iter().filter(|(_, b)| *b != 0).collect::<Vec<_>>()
    );

    let mut books = confirmed(&price);
    books.post(&dispute_moved(books.of, "txn_1", taken, 1_500));
    books.post(&dispute_lost(books.of, "dp_1", price.total, &price, 0));
    assert_eq!(books.balance(Account::HostPayable), 0);
    assert_eq!(books.balance(Account::Disputes), 0);
    assert_eq!(books.balance(Account::DisputeLosses), price.total.amount - price.host_payout.amount);
    assert_eq!(books.balance(Account::ProviderFees), 1_500);
}

#[test]
fn a_payout_covers_several_bookings_each_balanced_and_comes_back_whole() {
    let (host, first, second) = (UserId::new(), BookingId::new(), BookingId::new());
    let parts = [(first, Money::new(100, Currency::USD)), (second, Money::new(250, Currency::USD))];
    let out = paid_out(host, "pout_1", &parts);
    assert_eq!(out.entries.len(), 4);
    for booking_id in [first, second] {
        let of_booking = out.entries.iter().filter(|entry| entry.booking_id == booking_id);
        assert_eq!(of_booking.map(|entry| entry.amount.amount).sum::<i64>(), 0);
    }
    let back = payout_reversed(host, "pout_1", &parts);
    for (one, other) in out.entries.iter().zip(&back.entries) {
        assert_eq!((one.account, one.amount.amount), (other.account, -other.amount.amount));
    }
    assert_ne!(out.source, back.source);
}

#[derive(Debug, Clone)]
enum Act {
    Refund { part: u8, fails: bool },
    Change { nightly_minor: i64, nights: i64 },
    PayOut,
    Contest { lost: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1..=100_u8, any::<bool>()).prop_map(|(part, fails)| Act::Refund { part, fails }),
        (1..50_000_i64, 1..20_i64).prop_map(|(nightly_minor, nights)| Act::Change { nightly_minor, nights }),
        Just(Act::PayOut),
        any::<bool>().prop_map(|lost| Act::Contest { lost }),
    ]
}

fn any_price() -> impl Strategy<Value = Price> {
    let currency = prop_oneof![Just(Currency::USD), Just(Currency::JPY), Just(Currency::KWD)];
    (1..50_000_i64, 1..20_i64, currency).prop_map(|(nightly, nights, currency)| price(nightly, nights, currency))
}

/// A dearer change is paid by a second payment; a cheaper one gives the difference back to the guest.
fn change(books: &mut Books, old: &Price, new: &Price) {
    let difference = new.total.amount - old.total.amount;
    if difference > 0 {
        books.post(&captured(books.of, PaymentId::new(), books.money(difference), false));
    }
    books.post(&changed(books.of, "chg_1", old, new));
    if difference < 0 {
        assert!(books.standing().guest_funds >= -difference);
        let before = books.standing().earned;
        books.refund(-difference);
        assert_eq!(books.standing().earned, before, "a cheaper change is nobody's gift");
    }
}

proptest! {
    #[test]
    fn whatever_happens_every_movement_sums_to_zero_and_a_full_refund_leaves_nobody_anything(
        first in any_price(), acts in prop::collection::vec(act(), 0..12),
    ) {
        let mut books = confirmed(&first);
        let mut agreed = first;
        for act in acts {
            let left = books.standing().guest_funds + books.standing().earned.total();
            match act {
                Act::Refund { part, fails } => {
                    let amount = left * i64::from(part) / 100;
                    if amount > 0 {
                        let (id, amount) = books.refund(amount);
                        books.post(&refund_done(books.of, id, amount));
                        if fails {
                            books.post(&refund_returned(books.of, id, amount, false));
                        }
                    }
                }
                // The price of a stay that was given away is not changed any more.
                Act::Change { nightly_minor, nights } if books.standing().earned == Split::of_price(&agreed) => {
                    let new = price(nightly_minor, nights, agreed.total.currency);
                    change(&mut books, &agreed, &new);
                    agreed = new;
                }
                Act::Change { .. } => {}
                Act::PayOut => {
                    let due = books.money((-books.balance(Account::HostPayable)).max(0));
                    books.post(&paid_out(books.of.host_id, "pout_1", &[(books.of.booking_id, due)]));
                }
                Act::Contest { lost } => {
                    let all = agreed.total;
                    books.post(&dispute_moved(books.of, "txn_1", books.money(-all.amount), 1_500));
                    let end = match lost {
                        true => dispute_lost(books.of, "dp_1", all, &agreed, books.standing().guest_funds),
                        false => dispute_moved(books.of, "txn_2", all, 0),
                    };
                    books.post(&end);
                }
            }
            prop_assert_eq!(books.balances.values().sum::<i64>(), 0);
            prop_assert_eq!(books.balance(Account::Disputes), 0);
        }
        let left = books.standing().guest_funds + books.standing().earned.total();
        if left > 0 {
            books.refund(left);
        }
        books.assert_earned_is_nothing();
    }

    #[test]
    fn what_a_cancellation_gives_back_is_its_refund_to_the_unit(
        price in any_price(), numerator in 0..=4_i64, cleaning in any::<bool>(),
    ) {
        let lines = crate::cancellation::part_given_back(&price, numerator, 4, cleaning);
        let back: i64 = lines.iter().map(|line| line.refund.amount).sum();
        let split = Split::of_lines(&lines, &price);
        prop_assert_eq!(split.total(), back);
        prop_assert!((0..=price.host_payout.amount).contains(&split.host), "{:?}", split);
        prop_assert!((0..=price.host_fee.amount).contains(&split.host_fee), "{:?}", split);
        let mut books = confirmed(&price);
        books.post(&given_back(books.of, split, price.total.currency));
        if back > 0 {
            let earned = books.standing().earned;
            books.refund(back);
            prop_assert_eq!(books.standing(), Standing { guest_funds: 0, earned });
        }
    }
}
