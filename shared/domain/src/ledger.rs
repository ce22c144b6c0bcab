//! The books: accounts, and what each thing that happens to money moves between them. Pure: the store posts.
//!
//! Amounts are signed minor units, debit positive. Every movement sums to zero per booking and currency, and has a
//! source (`capture:pay_…`) that can be posted once.
//!
//! **The way of the money.** What a guest pays is the guest's until it is earned: a capture fills `guest_funds`. A
//! confirmed stay moves it on, by the price, to the host (`host_payable`, less the host fee), the platform's fees, the
//! taxes and the rounding: [`earned`]. An applied change moves the difference of the two prices, either way:
//! [`changed`]. A cancellation moves back what the policy gives back: [`given_back`]. A refund is decided
//! ([`refund_decided`], owed in `refund_payable`), then done ([`refund_done`]), or fails before or after: then it is
//! the guest's again, in `guest_funds`. A payout takes from `host_payable` what the provider sends to the host.
//!
//! **Who a refund is taken from.** First from what is the guest's anyhow: late money, the difference of a cheaper
//! change, what a cancellation gave back, a refund that failed. What goes beyond that is the host's own gift and comes
//! wholly from `host_payable`, which may fall below nothing: the host then owes it. A refund of all that is left takes
//! every account back to zero, whatever was given before. A cancellation gives back by the lines of its preview:
//! accommodation and cleaning from the host, less the host fee on that part (the same share of the fee, rounded half
//! up, so that the host never loses more than was received), the guest fee, each tax and the rounding from their own.
//!
//! **Disputes.** What the bank takes is parked in `disputes` while it is contested. When it is lost, what is the
//! guest's anyhow goes first; of the rest the host bears the host's share (as `host_payout` is to `total`, rounded
//! half up) and `dispute_losses` what remains: fees and taxes stay booked, since the stay was sold. The provider's
//! fees are the platform's cost.

use std::fmt::Display;

use crate::cancellation::RefundLine;
use crate::id::{BookingId, PaymentId, RefundId, UserId};
use crate::money::{Currency, Money, share_half_up};
use crate::pricing::{Price, PriceLineCode};

code_enum! {
    /// Where money is, or whom it is owed to. What is owed and earned is below zero.
    pub enum Account {
        /// What the provider holds for the platform.
        ProviderBalance = "provider_balance",
        /// Captured and not earned by a confirmed stay: the guest's.
        GuestFunds = "guest_funds",
        /// Earned by the host and not paid out.
        HostPayable = "host_payable",
        /// The platform's fee for guests.
        GuestFeeRevenue = "guest_fee_revenue",
        /// The platform's fee for hosts.
        HostFeeRevenue = "host_fee_revenue",
        /// Taxes to be passed on.
        TaxPayable = "tax_payable",
        /// What rounding to the provider's steps brought or cost.
        Rounding = "rounding",
        /// Decided to be given back; the provider has not done it.
        RefundPayable = "refund_payable",
        /// What the provider charges.
        ProviderFees = "provider_fees",
        /// Withdrawn by a guest's bank and contested.
        Disputes = "disputes",
        /// The platform's part of disputes that were lost.
        DisputeLosses = "dispute_losses",
        /// Quarantined: of another amount or currency than asked for.
        Suspense = "suspense",
    }
}

code_enum! {
    /// What happened.
    pub enum MovementKind {
        /// Money came.
        Capture = "capture",
        /// Money came that was not asked for like that.
        Quarantine = "quarantine",
        /// A stay was confirmed.
        Earned = "earned",
        /// A change of a stay took effect.
        Changed = "changed",
        /// A cancellation gave back what the policy says.
        GivenBack = "given_back",
        /// A refund was decided.
        RefundDecided = "refund_decided",
        /// The provider did a refund.
        RefundDone = "refund_done",
        /// The provider will not do a refund.
        RefundRefused = "refund_refused",
        /// The guest's bank sent a refund back.
        RefundReturned = "refund_returned",
        /// The provider charged for its work.
        ProviderFee = "provider_fee",
        /// A guest's bank took money back.
        DisputeWithdrawn = "dispute_withdrawn",
        /// It gave it again.
        DisputeReinstated = "dispute_reinstated",
        /// The bank decided for the guest.
        DisputeLost = "dispute_lost",
        /// Money went to the host.
        Payout = "payout",
        /// It came back.
        PayoutReversed = "payout_reversed",
    }
}

impl MovementKind {
    /// Whether a [`Standing`] counts what it took from the host: a payout or a lost dispute does not lessen what is
    /// left to be refunded.
    pub const fn is_standing(self) -> bool {
        !matches!(self, Self::Payout | Self::PayoutReversed | Self::DisputeLost)
    }
}

/// One line of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub account: Account,
    /// Of which booking.
    pub booking_id: BookingId,
    /// Debit positive, credit negative; never nothing.
    pub amount: Money,
}

/// One thing that happened to money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What it tells of; unique.
    pub source: String,
    /// Of what kind.
    pub kind: MovementKind,
    /// Whose earnings it concerns.
    pub host_id: UserId,
    /// They sum to zero for each booking and currency. None when nothing moved: there is nothing to post then.
    pub entries: Vec<Entry>,
}

/// The booking a movement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The booking.
    pub booking_id: BookingId,
    /// Its host.
    pub host_id: UserId,
}

/// A sum of earned money by whose it is; what is owed is positive here. Minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// The host's, less the host fee.
    pub host: i64,
    /// The platform's, of the host.
    pub host_fee: i64,
    /// The platform's, of the guest.
    pub guest_fee: i64,
    /// Taxes.
    pub taxes: i64,
    /// Rounding; may be below nothing.
    pub rounding: i64,
}

/// What the books hold of a booking in its currency, all that refunds may take: of what the host got, payouts and lost
/// disputes are not taken off, since the guest can be given it all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The guest's: not earned, or given back and not refunded.
    pub guest_funds: i64,
    /// Earned.
    pub earned: Split,
}

impl Split {
    /// The price of a stay.
    pub const fn of_price(price: &Price) -> Self {
        let (subtotal, guest_fee) = (price.subtotal.amount, price.guest_fee.amount);
        Self {
            host: price.host_payout.amount,
            host_fee: price.host_fee.amount,
            guest_fee,
            taxes: price.taxes.amount,
            rounding: price.total.amount - subtotal - guest_fee - price.taxes.amount,
        }
    }

    /// What the lines of a cancellation give back of a price.
    pub fn of_lines(lines: &[RefundLine], price: &Price) -> Self {
        let back = |wanted: fn(PriceLineCode) -> bool| -> i64 {
            lines.iter().filter(|line| wanted(line.code)).map(|line| line.refund.amount).sum()
        };
        let (guest_fee, taxes) =
            (back(|code| code == PriceLineCode::GuestFee), back(|code| code == PriceLineCode::Tax));
        let rounding = back(|code| code == PriceLineCode::Rounding);
        let gross = lines.iter().map(|line| line.refund.amount).sum::<i64>() - guest_fee - taxes - rounding;
        let host_fee = match price.subtotal.amount {
            ..=0 => 0,
            subtotal => share_half_up(price.host_fee.amount, gross, subtotal),
        };
        Self { host: gross - host_fee, host_fee, guest_fee, taxes, rounding }
    }

    /// All of it.
    pub const fn total(self) -> i64 {
        self.host + self.host_fee + self.guest_fee + self.taxes + self.rounding
    }

    /// `self` less `other`.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self {
            host: self.host - other.host,
            host_fee: self.host_fee - other.host_fee,
            guest_fee: self.guest_fee - other.guest_fee,
            taxes: self.taxes - other.taxes,
            rounding: self.rounding - other.rounding,
        }
    }

    /// The entries that take this from its accounts: debits.
    fn taken(self) -> [(Account, i64); 5] {
        [
            (Account::HostPayable, self.host),
            (Account::HostFeeRevenue, self.host_fee),
            (Account::GuestFeeRevenue, self.guest_fee),
            (Account::TaxPayable, self.taxes),
            (Account::Rounding, self.rounding),
        ]
    }
}

impl Subject {
    fn movement(
        self,
        kind: MovementKind,
        source: String,
        currency: Currency,
        lines: impl IntoIterator<Item = (Account, i64)>,
    ) -> Movement {
        let entry =
            |(account, amount)| Entry { account, booking_id: self.booking_id, amount: Money::new(amount, currency) };
        let entries = lines.into_iter().filter(|(_, amount)| *amount != 0).map(entry).collect();
        Movement { source, kind, host_id: self.host_id, entries }
    }

    /// `amount` from one account to another.
    fn transfer(self, kind: MovementKind, source: String, amount: Money, from: Account, to: Account) -> Movement {
        self.movement(kind, source, amount.currency, [(to, amount.amount), (from, -amount.amount)])
    }
}

/// Whose money a payment's refunds are taken from and fall back to.
const fn unearned(quarantined: bool) -> Account {
    if quarantined { Account::Suspense } else { Account::GuestFunds }
}

/// The money of a payment came, as asked for or (`quarantined`) in another amount or currency.
pub fn captured(of: Subject, payment_id: PaymentId, amount: Money, quarantined: bool) -> Movement {
    let kind = if quarantined { MovementKind::Quarantine } else { MovementKind::Capture };
    let source = format!("capture:{payment_id}");
    of.transfer(kind, source, amount, unearned(quarantined), Account::ProviderBalance)
}

/// A stay was confirmed at this price.
pub fn earned(of: Subject, price: &Price) -> Movement {
    let source = format!("earned:{}", of.booking_id);
    of.movement(MovementKind::Earned, source, price.total.currency, earning(Split::of_price(price)))
}

/// A change took effect: what the new price is more (or less) than the old one is earned (or the guest's again).
/// `change` is the id of the change.
pub fn changed(of: Subject, change: impl Display, old: &Price, new: &Price) -> Movement {
    let difference = Split::of_price(new).less(Split::of_price(old));
    of.movement(MovementKind::Changed, format!("changed:{change}"), new.total.currency, earning(difference))
}

fn earning(split: Split) -> Vec<(Account, i64)> {
    let mut lines = vec![(Account::GuestFunds, split.total())];
    lines.extend(split.taken().map(|(account, amount)| (account, -amount)));
    lines
}

/// A cancellation took this back from who had earned it; refunds of it follow.
pub fn given_back(of: Subject, back: Split, currency: Currency) -> Movement {
    let mut lines = earning(back);
    lines.iter_mut().for_each(|(_, amount)| *amount = -*amount);
    of.movement(MovementKind::GivenBack, format!("given_back:{}", of.booking_id), currency, lines)
}

/// A refund was decided. What the guest does not own already is taken from the host, or from everybody when it is all
/// that is left.
pub fn refund_decided(of: Subject, refund_id: RefundId, amount: Money, standing: Standing) -> Movement {
    let (own, taken) = if amount.amount == standing.guest_funds + standing.earned.total() {
        (standing.guest_funds, standing.earned)
    } else {
        let own = amount.amount.min(standing.guest_funds.max(0));
        (own, Split { host: amount.amount - own, ..Split::default() })
    };
    let mut lines = vec![(Account::GuestFunds, own), (Account::RefundPayable, -amount.amount)];
    lines.extend(taken.taken());
    of.movement(MovementKind::RefundDecided, format!("refund_decided:{refund_id}"), amount.currency, lines)
}

/// A refund of quarantined money was decided.
pub fn quarantined_refund_decided(of: Subject, refund_id: RefundId, amount: Money) -> Movement {
    let source = format!("refund_decided:{refund_id}");
    of.transfer(MovementKind::RefundDecided, source, amount, Account::RefundPayable, Account::Suspense)
}

/// The provider did a refund.
pub fn refund_done(of: Subject, refund_id: RefundId, amount: Money) -> Movement {
    let source = format!("refund_done:{refund_id}");
    of.transfer(MovementKind::RefundDone, source, amount, Account::ProviderBalance, Account::RefundPayable)
}

/// The provider will never do a refund.
pub fn refund_refused(of: Subject, refund_id: RefundId, amount: Money, quarantined: bool) -> Movement {
    let source = format!("refund_refused:{refund_id}");
    of.transfer(MovementKind::RefundRefused, source, amount, unearned(quarantined), Account::RefundPayable)
}

/// A refund that was done came back from the guest's bank.
pub fn refund_returned(of: Subject, refund_id: RefundId, amount: Money, quarantined: bool) -> Movement {
    let source = format!("refund_returned:{refund_id}");
    of.transfer(MovementKind::RefundReturned, source, amount, unearned(quarantined), Account::ProviderBalance)
}

/// What the provider charged for a payment, in the currency of its own balance.
pub fn provider_fee(of: Subject, payment_id: PaymentId, fee: Money) -> Movement {
    let source = format!("fee:{payment_id}");
    of.transfer(MovementKind::ProviderFee, source, fee, Account::ProviderBalance, Account::ProviderFees)
}

/// What the provider sent to a host out of what these bookings earned, of one currency each. A part below nothing is a
/// debt that was kept from the others.
pub fn paid_out(host_id: UserId, payout: impl Display, parts: &[(BookingId, Money)]) -> Movement {
    payout_movement(MovementKind::Payout, format!("payout:{payout}"), host_id, parts, 1)
}

/// The same came back: the host is owed it again.
pub fn payout_reversed(host_id: UserId, payout: impl Display, parts: &[(BookingId, Money)]) -> Movement {
    payout_movement(MovementKind::PayoutReversed, format!("payout_reversed:{payout}"), host_id, parts, -1)
}

fn payout_movement(
    kind: MovementKind,
    source: String,
    host_id: UserId,
    parts: &[(BookingId, Money)],
    sign: i64,
) -> Movement {
    let entry = |account, booking_id, part: &Money, sign| {
        let amount = Money::new(sign * part.amount, part.currency);
        (part.amount != 0).then_some(Entry { account, booking_id, amount })
    };
    let both = |(booking_id, part): &(BookingId, Money)| {
        [
            entry(Account::HostPayable, *booking_id, part, sign),
            entry(Account::ProviderBalance, *booking_id, part, -sign),
        ]
    };
    let entries = parts.iter().flat_map(both).flatten().collect();
    Movement { source, kind, host_id, entries }
}

mod disputes;

pub use disputes::{dispute_lost, dispute_moved, quarantined_dispute_lost};

#[cfg(test)]
mod tests;
