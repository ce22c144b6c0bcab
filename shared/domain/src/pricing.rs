//! What a stay costs, line by line, in one fixed order. The client's numbers are never part of it.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::money::{BasisPoints, Currency, Money, share_half_up};
use crate::property::Percent;
use crate::stay::StayDates;

/// Nights from which the weekly discount counts.
pub const WEEKLY_NIGHTS: u32 = 7;
/// Nights from which the monthly discount counts.
pub const MONTHLY_NIGHTS: u32 = 28;

/// A host's prices, all in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateCard {
    /// The currency of everything below.
    pub currency: Currency,
    /// A night.
    pub base_price_minor: i64,
    /// A Friday or Saturday night, where it differs.
    pub weekend_price_minor: Option<i64>,
    /// Off the nights of a stay of 7 nights or more.
    pub weekly_discount_percent: Percent,
    /// Off the nights of a stay of 28 nights or more.
    pub monthly_discount_percent: Percent,
    /// Once a stay; 0 for none.
    pub cleaning_fee_minor: i64,
    /// For guests above a number.
    pub extra_guest_fee: Option<ExtraGuestFee>,
}

/// What each guest above a number pays for each night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraGuestFee {
    /// Adults and children included in the price.
    pub after: u32,
    /// Minor units, a night and guest.
    pub per_night_minor: i64,
}

/// A tax of the place, on the subtotal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// As the guest reads it.
    pub name: String,
    /// The rate.
    pub basis_points: BasisPoints,
}

/// What the platform takes of each side, of the subtotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceFees {
    /// Paid by the guest on top.
    pub guest: BasisPoints,
    /// Taken from the host's money.
    pub host: BasisPoints,
}

code_enum! {
    /// What a line of a price is for.
    pub enum PriceLineCode {
        /// Nights of one price.
        Nights = "nights",
        /// The discount for the length of the stay; negative.
        Discount = "discount",
        /// Guests above the number included.
        ExtraGuests = "extra_guests",
        /// The cleaning fee.
        Cleaning = "cleaning",
        /// The platform's fee.
        GuestFee = "guest_fee",
        /// One tax.
        Tax = "tax",
        /// What brings the total to an amount the payment provider takes.
        Rounding = "rounding",
    }
}

/// One line: `quantity · unit_amount = amount`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceLine {
    /// What it is for.
    pub code: PriceLineCode,
    /// The same, for people.
    pub description: String,
    /// How many: nights, or nights times guests; else 1.
    pub quantity: u32,
    /// One of them.
    pub unit_amount: Money,
    /// All of them.
    pub amount: Money,
}

/// The price of a stay, as shown, agreed and frozen on the booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// In the order in which they were worked out; their sum is `total`.
    pub lines: Vec<PriceLine>,
    /// Nights less discount, extra guests and cleaning.
    pub subtotal: Money,
    /// The platform's fee for the guest.
    pub guest_fee: Money,
    /// All taxes.
    pub taxes: Money,
    /// What the guest pays.
    pub total: Money,
    /// The platform's fee for the host.
    pub host_fee: Money,
    /// `subtotal - host_fee`.
    pub host_payout: Money,
}

/// Why there is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PricingError {
    /// A sum does not fit into 64 bits.
    #[error("the price is too large")]
    Overflow,
    /// A price or fee of the host, or what a side would end with, is below nothing.
    #[error("a price or fee is negative")]
    Negative,
}

/// Works out the price of a stay.
///
/// `counted_guests` are adults and children; `date_overrides` are the host's prices for single nights, in minor units
/// of the card's currency. Lines that come to nothing are left out, but for taxes: each rate has its line.
///
/// # Errors
/// [`PricingError`], which amounts within [`crate::money::MAX_AMOUNT_MINOR`] and stays within
/// [`crate::stay::YEARS`] never give.
pub fn price_stay(
    card: &RateCard,
    dates: StayDates,
    counted_guests: u32,
    date_overrides: &BTreeMap<Date, i64>,
    taxes: &[TaxRate],
    fees: ServiceFees,
) -> Result<Price, PricingError> {
    let mut bill = Bill { currency: card.currency, lines: Vec::new(), sum: 0 };
    let nights = dates.nights();

    for (price, count) in nights_by_price(card, dates, date_overrides) {
        bill.host_line(PriceLineCode::Nights, plural(count, "night"), count, price)?;
    }
    let (percent, name) = discount(card, nights);
    let off = share_half_up(bill.sum, i64::from(percent.get()), 100);
    if off != 0 {
        bill.line(PriceLineCode::Discount, format!("{name} discount, {}%", percent.get()), 1, -off)?;
    }
    if let Some(ExtraGuestFee { after, per_night_minor }) = card.extra_guest_fee {
        let extra = counted_guests.saturating_sub(after);
        let description = format!("{}, {}", plural(extra, "extra guest"), plural(nights, "night"));
        let quantity = extra.checked_mul(nights).ok_or(PricingError::Overflow)?;
        bill.host_line(PriceLineCode::ExtraGuests, description, quantity, per_night_minor)?;
    }
    bill.host_line(PriceLineCode::Cleaning, "Cleaning fee".to_owned(), 1, card.cleaning_fee_minor)?;

    let subtotal = bill.sum;
    let guest_fee = fees.guest.of(subtotal);
    if guest_fee != 0 {
        bill.line(PriceLineCode::GuestFee, "Service fee".to_owned(), 1, guest_fee)?;
    }
    let before_taxes = bill.sum;
    for tax in taxes {
        bill.line(PriceLineCode::Tax, tax.name.clone(), 1, tax.basis_points.of(subtotal))?;
    }
    let tax_sum = bill.sum - before_taxes;
    let rounding = provider_rounding(bill.sum, card.currency);
    if rounding != 0 {
        bill.line(PriceLineCode::Rounding, "Rounding".to_owned(), 1, rounding)?;
    }

    let host_fee = fees.host.of(subtotal);
    let host_payout = subtotal.checked_sub(host_fee).filter(|payout| *payout >= 0).ok_or(PricingError::Negative)?;
    let money = |amount| Money::new(amount, card.currency);
    Ok(Price {
        subtotal: money(subtotal),
        guest_fee: money(guest_fee),
        taxes: money(tax_sum),
        total: money(bill.sum),
        host_fee: money(host_fee),
        host_payout: money(host_payout),
        lines: bill.lines,
    })
}

/// The price of a single night without discount: what calendars show.
pub fn nightly_price_minor(card: &RateCard, night: Date, date_override: Option<i64>) -> i64 {
    let weekend = matches!(night.weekday(), Weekday::Friday | Weekday::Saturday);
    date_override.or(card.weekend_price_minor.filter(|_| weekend)).unwrap_or(card.base_price_minor)
}

/// How many nights there are of each price, in the order in which the prices first come.
fn nights_by_price(card: &RateCard, dates: StayDates, overrides: &BTreeMap<Date, i64>) -> Vec<(i64, u32)> {
    let mut counts: Vec<(i64, u32)> = Vec::new();
    for night in dates.night_dates() {
        let price = nightly_price_minor(card, night, overrides.get(&night).copied());
        match counts.iter_mut().find(|(known, _)| *known == price) {
            Some((_, count)) => *count += 1,
            None => counts.push((price, 1)),
        }
    }
    counts
}

/// The highest threshold reached whose percentage is not zero.
fn discount(card: &RateCard, nights: u32) -> (Percent, &'static str) {
    if nights >= MONTHLY_NIGHTS && card.monthly_discount_percent > Percent::ZERO {
        (card.monthly_discount_percent, "Monthly")
    } else if nights >= WEEKLY_NIGHTS {
        (card.weekly_discount_percent, "Weekly")
    } else {
        (Percent::ZERO, "No")
    }
}

/// What brings an amount to one the payment provider takes: the nearest multiple of
/// [`Currency::payment_step_minor`], half up. From -4 to 5 where three-decimal currencies go in steps of 10.
pub(crate) fn provider_rounding(amount_minor: i64, currency: Currency) -> i64 {
    let step = currency.payment_step_minor();
    let rest = amount_minor.rem_euclid(step);
    if rest * 2 < step { -rest } else { step - rest }
}

fn plural(count: u32, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Lines and their running sum.
struct Bill {
    currency: Currency,
    lines: Vec<PriceLine>,
    sum: i64,
}

impl Bill {
    /// A line of the host's own prices: not negative, and left out when it is nothing.
    fn host_line(
        &mut self,
        code: PriceLineCode,
        description: String,
        quantity: u32,
        unit: i64,
    ) -> Result<(), PricingError> {
        if unit < 0 {
            return Err(PricingError::Negative);
        }
        // Nights that cost nothing are shown all the same: they are what was booked.
        if (unit == 0 || quantity == 0) && code != PriceLineCode::Nights {
            return Ok(());
        }
        self.line(code, description, quantity, unit)
    }

    fn line(&mut self, code: PriceLineCode, description: String, quantity: u32, unit: i64) -> Result<(), PricingError> {
        let amount = unit.checked_mul(i64::from(quantity)).ok_or(PricingError::Overflow)?;
        self.sum = self.sum.checked_add(amount).ok_or(PricingError::Overflow)?;
        let (unit_amount, amount) = (Money::new(unit, self.currency), Money::new(amount, self.currency));
        self.lines.push(PriceLine { code, description, quantity, unit_amount, amount });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
