//! Paying hosts: when, in which parts, and what is due of it. Pure; what was earned and moved is in the books
//! ([`crate::ledger`]).

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::money::share_half_up;
use crate::stay::StayDates;
use crate::time_zone::TimeZoneName;

/// A host is paid so long after the scheduled check-in, in hours that pass.
pub const DELAY_HOURS: i64 = 24;
/// Stays of so many nights are paid in instalments.
pub const INSTALMENTS_FROM_NIGHTS: u32 = 28;
/// The nights that an instalment pays for; the last one pays for what is left.
pub const INSTALMENT_NIGHTS: u32 = 30;

code_enum! {
    /// Where a payout stands.
    pub enum PayoutStatus {
        /// Not due yet, or the host can't be paid yet.
        Pending = "pending",
        /// The provider has been told, and has not answered.
        Sending = "sending",
        /// The money is with the host's account at the provider.
        Sent = "sent",
        /// Kept whole against what the host owes from other stays.
        Withheld = "withheld",
        /// The provider refused it; it is tried again later.
        Failed = "failed",
        /// Taken back whole.
        Reversed = "reversed",
        /// Nothing is left to be paid.
        Canceled = "canceled",
    }
}

code_enum! {
    /// Whether a host can be paid.
    pub enum PayoutAccountStatus {
        /// The host has not told the provider what it asks for.
        Onboarding = "onboarding",
        /// The provider waits for something more, or is looking at what it was told.
        Restricted = "restricted",
        /// The host can be paid.
        Enabled = "enabled",
    }
}

/// A moment at which a part of what a stay earns is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// How many nights of the stay are paid for once this part is.
    pub nights_through: u32,
}

/// A part to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instalment {
    /// Counted from 1 within a booking.
    pub number: i16,
    /// From when on.
    pub due_at: Timestamp,
    /// How much, minor units; above nothing.
    pub amount_minor: i64,
}

/// When a stay is paid for: all 24 hours after check-in, or from 28 nights on for 30 nights at a time, each 24 hours
/// after the check-in time of the first of them. What a stay that did not take place has earned is due `at_once`, with
/// the first.
pub fn schedule(dates: StayDates, zone: &TimeZoneName, check_in_time: Time, at_once: bool) -> Vec<Due> {
    let nights = dates.nights();
    let due = |first_night: u32, nights_through| {
        let date = dates.check_in().saturating_add(i64::from(first_night).days());
        let at = zone.instant(date, check_in_time).saturating_add(SignedDuration::from_hours(DELAY_HOURS));
        // Only calendar units are refused, and these are hours.
        Due { at: at.unwrap_or(Timestamp::MAX), nights_through }
    };
    if at_once || nights < INSTALMENTS_FROM_NIGHTS {
        return vec![due(0, nights)];
    }
    let step = INSTALMENT_NIGHTS;
    (0..nights.div_ceil(step)).map(|part| due(part * step, nights.min((part + 1) * step))).collect()
}

/// The parts that are still to be paid of `earned_minor`, of which `moved_minor` is paid or on its way by the parts
/// whose numbers are `settled`. Together they are what is left, to the unit; none when nothing is. The provider sends
/// multiples of `step_minor` only: what is left beneath stays owed.
pub fn plan(
    schedule: &[Due],
    earned_minor: i64,
    moved_minor: i64,
    settled: &[i16],
    step_minor: i64,
) -> Vec<Instalment> {
    let Some(last) = schedule.last().filter(|last| last.nights_through > 0) else { return Vec::new() };
    let mut planned = Vec::new();
    let mut covered = moved_minor;
    let whole = |amount: i64| amount - amount.rem_euclid(step_minor.max(1));
    for (number, due) in (1..).zip(schedule) {
        let through = share_half_up(earned_minor, due.nights_through.into(), last.nights_through.into());
        let amount_minor = whole(through - covered);
        if !settled.contains(&number) && amount_minor > 0 {
            planned.push(Instalment { number, due_at: due.at, amount_minor });
            covered += amount_minor;
        }
    }
    // Earned after the last part was paid.
    let amount_minor = whole(earned_minor - covered);
    if amount_minor > 0 {
        let used = settled.iter().copied().chain(planned.iter().map(|part| part.number)).max().unwrap_or_default();
        let number = used.max(i16::try_from(schedule.len()).unwrap_or(i16::MAX)).saturating_add(1);
        planned.push(Instalment { number, due_at: last.at, amount_minor });
    }
    planned
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date, time};
    use proptest::prelude::*;

    use super::*;

    fn stay(check_in: Date, nights: i64) -> StayDates {
        StayDates::new(check_in, check_in + nights.days()).expect("a stay")
    }

    fn in_zone(zone: &str, check_in: Date, nights: i64) -> Vec<Due> {
        schedule(stay(check_in, nights), &zone.parse().expect("a zone"), time(15, 0, 0, 0), false)
    }

    fn at(due: &Due) -> String {
        due.at.to_string()
    }

    #[test]
    fn a_stay_is_paid_24_hours_after_its_check_in_where_it_is() {
        assert_eq!(at(&in_zone("Europe/Paris", date(2026, 7, 1), 3)[0]), "2026-07-02T13:00:00Z");
        assert_eq!(at(&in_zone("Pacific/Kiritimati", date(2026, 7, 1), 3)[0]), "2026-07-02T01:00:00Z");
        assert_eq!(at(&in_zone("America/New_York", date(2026, 1, 1), 3)[0]), "2026-01-02T20:00:00Z");
    }

    #[test]
    fn hours_pass_while_clocks_are_changed() {
        // Clocks go forward in the night of 29 March, and back in that of 25 October: 24 hours later is 16:00, and 14:00.
        assert_eq!(at(&in_zone("Europe/Paris", date(2026, 3, 28), 2)[0]), "2026-03-29T14:00:00Z");
        assert_eq!(at(&in_zone("Europe/Paris", date(2026, 10, 24), 2)[0]), "2026-10-25T13:00:00Z");
    }

    #[test]
    fn from_28_nights_on_each_30_nights_are_paid_for_by_themselves() {
        let nights = |nights: i64| -> Vec<u32> {
            in_zone("UTC", date(2026, 1, 1), nights).iter().map(|due| due.nights_through).collect()
        };
        assert_eq!(nights(27), [27]);
        assert_eq!(nights(28), [28]);
        assert_eq!(nights(30), [30]);
        assert_eq!(nights(31), [30, 31]);
        assert_eq!(nights(90), [30, 60, 90]);
        let due = in_zone("UTC", date(2026, 1, 1), 61);
        let due: Vec<String> = due.iter().map(at).collect();
        assert_eq!(due, ["2026-01-02T15:00:00Z", "2026-02-01T15:00:00Z", "2026-03-03T15:00:00Z"]);
    }

    #[test]
    fn a_stay_that_was_called_off_is_paid_at_once() {
        let zone = TimeZoneName::utc();
        let due = schedule(stay(date(2026, 1, 1), 90), &zone, time(15, 0, 0, 0), true);
        assert_eq!(due.iter().map(|due| due.nights_through).collect::<Vec<_>>(), [90]);
    }

    fn amounts(schedule: &[Due], earned: i64, moved: i64, settled: &[i16]) -> Vec<(i16, i64)> {
        plan(schedule, earned, moved, settled, 1).iter().map(|part| (part.number, part.amount_minor)).collect()
    }

    #[test]
    fn shares_sum_to_the_whole() {
        let due = in_zone("UTC", date(2026, 1, 1), 70);
        assert_eq!(amounts(&due, 100, 0, &[]), [(1, 43), (2, 43), (3, 14)]);
        assert_eq!(amounts(&due, 1, 0, &[]), [(2, 1)]);
        assert_eq!(amounts(&due, 0, 0, &[]), []);
        assert_eq!(amounts(&due, -5, 0, &[]), []);
    }

    #[test]
    fn what_changes_after_a_part_was_paid_changes_the_parts_that_follow() {
        let due = in_zone("UTC", date(2026, 1, 1), 70);
        assert_eq!(amounts(&due, 100, 43, &[1]), [(2, 43), (3, 14)]);
        // A gift of 50: the second part has less to do.
        assert_eq!(amounts(&due, 50, 43, &[1]), [(3, 7)]);
        assert_eq!(amounts(&due, 43, 43, &[1]), []);
        assert_eq!(amounts(&due, 40, 43, &[1]), []);
        // More than before, when all was paid.
        assert_eq!(amounts(&due, 130, 100, &[1, 2, 3]), [(4, 30)]);
        assert_eq!(amounts(&due[..1], 130, 100, &[1, 2, 3]), [(4, 30)]);
    }

    #[test]
    fn a_provider_that_takes_tens_is_given_tens_and_the_rest_stays_owed() {
        let due = in_zone("UTC", date(2026, 1, 1), 70);
        let tens = |earned, moved, settled: &[i16]| -> Vec<i64> {
            plan(&due, earned, moved, settled, 10).iter().map(|part| part.amount_minor).collect()
        };
        assert_eq!(tens(12_345, 0, &[]), [5_290, 5_290, 1_760]);
        assert!(tens(12_345, 12_340, &[1, 2, 3]).is_empty());
        assert!(tens(9, 0, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_was_paid_what_is_left_is_planned_to_the_unit(
            nights in 1_i64..400, earned in -1_000_i64..10_000_000, paid_parts in 0_usize..5, later in -5_000_i64..5_000
        ) {
            let due = in_zone("Europe/Lisbon", date(2026, 1, 1), nights);
            let first = plan(&due, earned, 0, &[], 1);
            prop_assert_eq!(first.iter().map(|part| part.amount_minor).sum::<i64>(), earned.max(0));
            let paid = &first[..paid_parts.min(first.len())];
            let moved: i64 = paid.iter().map(|part| part.amount_minor).sum();
            let settled: Vec<i16> = paid.iter().map(|part| part.number).collect();
            let rest = plan(&due, earned + later, moved, &settled, 1);
            prop_assert_eq!(rest.iter().map(|part| part.amount_minor).sum::<i64>(), (earned + later - moved).max(0));
            prop_assert!(rest.iter().all(|part| part.amount_minor > 0 && !settled.contains(&part.number)));
        }
    }
}
