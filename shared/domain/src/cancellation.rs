//! What a guest who cancels gets back, by the policy frozen on the booking and the clocks at the property.
//! That refunds never exceed what was captured over a payment's life is the payments' rule, not this one's.

use jiff::civil::Time;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::booking::Party;
use crate::money::{Money, share_half_up};
use crate::pricing::{Price, PriceLineCode, provider_rounding};
use crate::stay::StayDates;
use crate::time_zone::TimeZoneName;

/// When guests arrive where the host has not set another time.
pub const DEFAULT_CHECK_IN_TIME: Time = Time::constant(15, 0, 0, 0);
/// Stays this long follow the long-term terms, whatever the policy.
pub const LONG_TERM_NIGHTS: u32 = 28;

const LONG_TERM_KEPT_NIGHTS: u32 = 30;
const LONG_TERM_NOTICE_DAYS: i64 = 28;
const GRACE_HOURS: i64 = 24;
const GRACE_NOTICE_DAYS: i64 = 7;
const FLEXIBLE_NOTICE_HOURS: i64 = 24;
const MODERATE_NOTICE_DAYS: i64 = 5;
const LIMITED_NOTICE_DAYS: i64 = 14;
const FIRM_NOTICE_DAYS: i64 = 30;
const STRICT_BOOKING_HOURS: i64 = 48;
const STRICT_NOTICE_DAYS: i64 = 14;
const HALF_NOTICE_DAYS: i64 = 7;

code_enum! {
    /// The host's terms; the one in force when booked is frozen on the booking.
    pub enum CancellationPolicy {
        /// All back until 24 hours before check-in; then all but the nights stayed and one.
        Flexible = "flexible",
        /// All back until 5 days before check-in; then half of all but the nights stayed and one.
        Moderate = "moderate",
        /// All back until 14 days before check-in, half until 7.
        Limited = "limited",
        /// All back until 30 days before check-in, half until 7.
        Firm = "firm",
        /// All back within 48 hours of booking and until 14 days before check-in; half until 7.
        Strict = "strict",
    }
}

/// The booking that is cancelled, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct BookedStay<'a> {
    /// As frozen on the booking.
    pub policy: CancellationPolicy,
    /// As frozen on the booking.
    pub price: &'a Price,
    /// The nights.
    pub dates: StayDates,
    /// When guests may arrive, by the clocks there.
    pub check_in_time: Time,
    /// Whose clocks count.
    pub time_zone: &'a TimeZoneName,
    /// When the guest booked.
    pub booked_at: Timestamp,
    /// When it was confirmed; nothing is kept of a booking that never was.
    pub confirmed_at: Option<Timestamp>,
}

/// What cancelling gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundPreview {
    /// What the guest gets.
    pub refund: Money,
    /// The price's own lines in their order, `rounding` last; their refunds add up to `refund`.
    pub lines: Vec<RefundLine>,
    /// When it becomes another, `now` or later; none when it stays as it is. A limit of the terms is kept at its very
    /// instant and missed right after.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_change_at: Option<Timestamp>,
    /// What cancelling gives back right after that.
    pub refund_after_next_change: Option<Money>,
}

/// What one line of the price gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundLine {
    /// What it is for.
    pub code: PriceLineCode,
    /// What the guest pays for it; negative for a discount.
    pub paid: Money,
    /// What of that comes back.
    pub refund: Money,
}

/// What `by` cancelling at `now` gives back, and what it will give later.
pub fn refund(stay: &BookedStay<'_>, by: Party, now: Timestamp) -> RefundPreview {
    let currency = stay.price.total.currency;
    if by != Party::Guest {
        let lines = refund_lines(stay.price, GivenBack::All);
        return RefundPreview {
            refund: Money::new(sum(&lines), currency),
            lines,
            next_change_at: None,
            refund_after_next_change: None,
        };
    }
    let lines = refund_lines(stay.price, given_back(stay, now));
    let total = sum(&lines);
    let next = changes(stay, now)
        .map(|limit| (limit, sum(&refund_lines(stay.price, given_back(stay, just_after(limit))))))
        .find(|(_, later)| *later != total);
    RefundPreview {
        refund: Money::new(total, currency),
        lines,
        next_change_at: next.map(|(limit, _)| limit),
        refund_after_next_change: next.map(|(_, later)| Money::new(later, currency)),
    }
}

fn sum(lines: &[RefundLine]) -> i64 {
    lines.iter().map(|line| line.refund.amount).sum()
}

/// A limit is kept at its very instant, so what comes after it begins with the next one.
fn just_after(limit: Timestamp) -> Timestamp {
    limit.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(limit)
}

/// What the terms give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenBack {
    /// Every line.
    All,
    /// A fraction of the accommodation and perhaps the cleaning fee, with the taxes on both.
    Part { numerator: i64, denominator: i64, cleaning: bool },
}

fn given_back(stay: &BookedStay<'_>, now: Timestamp) -> GivenBack {
    let check_in = check_in_plus(stay, 0);
    let days_left = |days: i64| now <= check_in_plus(stay, -days);
    let within_hours = |start: Timestamp, hours| now.duration_since(start) <= SignedDuration::from_hours(hours);

    let Some(confirmed_at) = stay.confirmed_at else {
        return GivenBack::All;
    };
    if within_hours(confirmed_at, GRACE_HOURS) && days_left(GRACE_NOTICE_DAYS) {
        return GivenBack::All;
    }
    let nights = stay.dates.nights();
    let long_term = nights >= LONG_TERM_NIGHTS;
    let all_back = match stay.policy {
        _ if long_term => days_left(LONG_TERM_NOTICE_DAYS),
        CancellationPolicy::Flexible => within_hours(check_in, -FLEXIBLE_NOTICE_HOURS),
        CancellationPolicy::Moderate => days_left(MODERATE_NOTICE_DAYS),
        CancellationPolicy::Limited => days_left(LIMITED_NOTICE_DAYS),
        CancellationPolicy::Firm => days_left(FIRM_NOTICE_DAYS),
        CancellationPolicy::Strict => {
            within_hours(stay.booked_at, STRICT_BOOKING_HOURS) && days_left(STRICT_NOTICE_DAYS)
        }
    };
    if all_back {
        return GivenBack::All;
    }
    let stayed = nights_stayed(stay, now);
    let left_after = |kept: u32| i64::from(nights.saturating_sub(stayed.saturating_add(kept)));
    let (numerator, denominator) = match stay.policy {
        _ if long_term => (left_after(LONG_TERM_KEPT_NIGHTS), i64::from(nights)),
        CancellationPolicy::Flexible => (left_after(1), i64::from(nights)),
        CancellationPolicy::Moderate => (left_after(1), 2 * i64::from(nights)),
        CancellationPolicy::Limited | CancellationPolicy::Firm | CancellationPolicy::Strict => {
            (i64::from(days_left(HALF_NOTICE_DAYS)), 2)
        }
    };
    GivenBack::Part { numerator, denominator, cleaning: now < check_in }
}

/// The check-in time `days` days after (or before) the day of arrival, by the clocks there.
fn check_in_plus(stay: &BookedStay<'_>, days: i64) -> Timestamp {
    stay.time_zone.instant(stay.dates.check_in().saturating_add(Span::new().days(days)), stay.check_in_time)
}

/// Whole nights since the check-in time, by the clocks there: none on the evening of arrival.
fn nights_stayed(stay: &BookedStay<'_>, now: Timestamp) -> u32 {
    let local = stay.time_zone.zone().to_datetime(now);
    let days = local.date().duration_since(stay.dates.check_in()).as_hours() / 24;
    let whole = if local.time() < stay.check_in_time { days - 1 } else { days };
    u32::try_from(whole).unwrap_or(0).min(stay.dates.nights())
}

/// Every instant from `now` on after which the refund may be another, in order.
fn changes(stay: &BookedStay<'_>, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let days = [
        FIRM_NOTICE_DAYS,
        LONG_TERM_NOTICE_DAYS,
        LIMITED_NOTICE_DAYS,
        STRICT_NOTICE_DAYS,
        HALF_NOTICE_DAYS,
        GRACE_NOTICE_DAYS,
        MODERATE_NOTICE_DAYS,
    ];
    let hours_after =
        |start: Timestamp, hours| start.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(start);
    let mut limits: Vec<Timestamp> = days.into_iter().map(|days| check_in_plus(stay, -days)).collect();
    limits.extend(stay.confirmed_at.map(|at| hours_after(at, GRACE_HOURS)));
    limits.push(hours_after(stay.booked_at, STRICT_BOOKING_HOURS));
    limits.push(hours_after(check_in_plus(stay, 0), -FLEXIBLE_NOTICE_HOURS));
    limits.extend((nights_stayed(stay, now)..=stay.dates.nights()).map(|night| check_in_plus(stay, i64::from(night))));
    limits.retain(|limit| *limit >= now);
    limits.sort_unstable();
    limits.into_iter()
}

const fn is_accommodation(code: PriceLineCode) -> bool {
    matches!(code, PriceLineCode::Nights | PriceLineCode::Discount | PriceLineCode::ExtraGuests)
}

/// What each line of the price gives back. The accommodation is rounded once: each of its lines gets what it adds to
/// the rounded sum so far.
fn refund_lines(price: &Price, given: GivenBack) -> Vec<RefundLine> {
    let currency = price.total.currency;
    let back = |code, paid, refund| RefundLine { code, paid, refund: Money::new(refund, currency) };
    let GivenBack::Part { numerator, denominator, cleaning } = given else {
        return price.lines.iter().map(|line| back(line.code, line.amount, line.amount.amount)).collect();
    };
    let paid_for = |wanted: fn(PriceLineCode) -> bool| -> i64 {
        price.lines.iter().filter(|line| wanted(line.code)).map(|line| line.amount.amount).sum()
    };
    let part = |amount| share_half_up(amount, numerator, denominator);
    let cleaning_back = if cleaning { paid_for(|code| code == PriceLineCode::Cleaning) } else { 0 };
    let subtotal_back = part(paid_for(is_accommodation)) + cleaning_back;

    let mut accommodation = 0;
    let mut lines: Vec<RefundLine> = price
        .lines
        .iter()
        .filter(|line| line.code != PriceLineCode::Rounding)
        .map(|line| {
            let paid = line.amount.amount;
            let refund = match line.code {
                PriceLineCode::Tax if price.subtotal.amount > 0 => {
                    share_half_up(paid, subtotal_back, price.subtotal.amount)
                }
                PriceLineCode::Cleaning if cleaning => paid,
                code if is_accommodation(code) => {
                    let before = part(accommodation);
                    accommodation += paid;
                    part(accommodation) - before
                }
                _ => 0,
            };
            back(line.code, line.amount, refund)
        })
        .collect();
    let paid_rounding = paid_for(|code| code == PriceLineCode::Rounding);
    let rounding = provider_rounding(sum(&lines), currency);
    if paid_rounding != 0 || rounding != 0 {
        lines.push(back(PriceLineCode::Rounding, Money::new(paid_rounding, currency), rounding));
    }
    lines
}

/// For tests of what follows from it.
#[cfg(test)]
pub(crate) fn part_given_back(price: &Price, numerator: i64, denominator: i64, cleaning: bool) -> Vec<RefundLine> {
    refund_lines(price, GivenBack::Part { numerator, denominator, cleaning })
}

#[cfg(test)]
mod tests;
