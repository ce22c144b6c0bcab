//! Other dates or guests for a confirmed stay: what may be proposed, until when the other side may answer, and what
//! becomes of it. Whether the nights are free is the database's to say.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::stay::{BrokenRule, Guests, StayDates, StayRules, broken_rules};

/// How long the other side has to answer, and the guest then has to pay a difference.
pub const CHANGE_HOURS: i64 = 24;

code_enum! {
    /// Where a change of a stay stands.
    pub enum ChangeStatus {
        /// The other side has not answered; the nights are held.
        Proposed = "proposed",
        /// Agreed, and dearer: it takes effect when the difference is paid.
        Accepted = "accepted",
        /// The stay is as was proposed.
        Applied = "applied",
        /// The other side said no.
        Declined = "declined",
        /// Not answered or not paid for in time, or the booking ended before.
        Expired = "expired",
        /// Taken back, or not paid for on purpose.
        Withdrawn = "withdrawn",
    }
}

impl ChangeStatus {
    /// Whether it holds nights and may still take effect.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Accepted)
    }

    /// Whether it can be `next` after this.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Proposed => !matches!(next, Self::Proposed),
            Self::Accepted => matches!(next, Self::Applied | Self::Expired | Self::Withdrawn),
            Self::Applied | Self::Declined | Self::Expired | Self::Withdrawn => false,
        }
    }
}

/// A stay that shall become another.
#[derive(Debug, Clone, Copy)]
pub struct StayChange<'a> {
    /// As it is booked.
    pub booked: StayDates,
    /// Who is booked for.
    pub booked_guests: Guests,
    /// Arrival as proposed.
    pub check_in: Date,
    /// Departure as proposed.
    pub check_out: Date,
    /// Who shall come.
    pub guests: Guests,
    /// What the host asks of a stay today.
    pub rules: &'a StayRules,
    /// By when guests leave, by the clocks there.
    pub check_out_time: Time,
}

impl StayChange<'_> {
    /// Whether the stay would be as it is.
    pub fn is_none(&self) -> bool {
        !self.moves_dates() && self.guests == self.booked_guests
    }

    /// When the stay as it is booked is over.
    pub fn booked_end(&self) -> Timestamp {
        self.end(self.booked.check_out())
    }

    /// Every rule that the new stay breaks. What stays as it is breaks none: an arrival that was booked with enough
    /// notice, a length that was long enough then. Who has arrived can arrive on no other day, and who leaves earlier
    /// leaves in time to come.
    pub fn broken_rules(&self, now: Timestamp) -> Vec<BrokenRule> {
        let mut broken = broken_rules(self.rules, self.check_in, self.check_out, self.guests, false, now);
        broken.retain(|rule| match rule.pointer() {
            "/check_in" => self.moves_arrival(),
            "/check_out" => self.moves_dates(),
            _ => true,
        });
        if self.moves_arrival() && now >= self.booked_arrival() {
            broken.insert(0, BrokenRule::StayBegun { check_in: self.booked.check_in() });
        } else if self.check_out > self.check_in && now >= self.end(self.check_out) {
            broken.push(BrokenRule::CheckOutOver);
        }
        broken
    }

    /// Until when a step may take: a day, but never past the end of the stay, as it is and as it would be. A change of
    /// the day of arrival has no sense once the guest may have arrived, nor after the new day of arrival.
    pub fn open_until(&self, now: Timestamp) -> Timestamp {
        let day = now + SignedDuration::from_hours(CHANGE_HOURS);
        let ends = day.min(self.booked_end()).min(self.end(self.check_out));
        if !self.moves_arrival() {
            return ends;
        }
        let arrival_over = self.rules.time_zone.instant(self.check_in.saturating_add(1.day()), Time::midnight());
        ends.min(self.booked_arrival()).min(arrival_over)
    }

    fn moves_arrival(&self) -> bool {
        self.check_in != self.booked.check_in()
    }

    fn moves_dates(&self) -> bool {
        (self.check_in, self.check_out) != (self.booked.check_in(), self.booked.check_out())
    }

    fn booked_arrival(&self) -> Timestamp {
        self.rules.time_zone.instant(self.booked.check_in(), self.rules.check_in_time)
    }

    fn end(&self, check_out: Date) -> Timestamp {
        self.rules.time_zone.instant(check_out, self.check_out_time)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use rstest::rstest;

    use super::*;
    use crate::time_zone::TimeZoneName;

    /// One row a state, one column what comes next, in the order of declaration.
    const EXPECTED: &str = "
                  proposed accepted applied declined expired withdrawn
        proposed  -        yes      yes     yes      yes     yes
        accepted  -        -        yes     -        yes     yes
        applied   -        -        -       -        -       -
        declined  -        -        -       -        -       -
        expired   -        -        -       -        -       -
        withdrawn -        -        -       -        -       -";

    #[test]
    fn every_pair_of_states_is_as_the_table_says() {
        let mut lines = EXPECTED.trim().lines();
        let columns: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(columns, ChangeStatus::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>());
        for (status, line) in ChangeStatus::ALL.iter().zip(lines) {
            let mut words = line.split_whitespace();
            assert_eq!(words.next(), Some(status.as_str()));
            for (next, expected) in ChangeStatus::ALL.iter().zip(words) {
                assert_eq!(status.may_become(*next), expected == "yes", "{status} to {next}");
            }
        }
        assert_eq!(ChangeStatus::ALL.iter().filter(|status| status.is_open()).count(), 2);
    }

    fn rules() -> StayRules {
        StayRules {
            min_nights: 2,
            max_nights: 10,
            advance_notice_hours: 48,
            booking_window_days: 30,
            max_guests: 3,
            pets_allowed: false,
            check_in_time: time(15, 0, 0, 0),
            time_zone: TimeZoneName::parse("Asia/Tokyo").unwrap(),
            preparation_nights: 0,
        }
    }

    fn guests(adults: u32) -> Guests {
        Guests { adults, children: 0, infants: 0, pets: 0 }
    }

    /// A change of a stay of two from the 10th to the 14th of June.
    fn change(rules: &StayRules, (from, to): (i8, i8), adults: u32) -> StayChange<'_> {
        StayChange {
            booked: StayDates::new(date(2027, 6, 10), date(2027, 6, 14)).unwrap(),
            booked_guests: guests(2),
            check_in: date(2027, 6, from),
            check_out: date(2027, 6, to),
            guests: guests(adults),
            rules,
            check_out_time: time(11, 0, 0, 0),
        }
    }

    /// Day and hour of June in Tokyo.
    fn june(day: i8, hour: i8) -> Timestamp {
        TimeZoneName::parse("Asia/Tokyo").unwrap().instant(date(2027, 6, day), time(hour, 0, 0, 0))
    }

    #[rstest]
    #[case::longer_within_the_notice((10, 15), 2, june(9, 12), &[])]
    #[case::longer_during_the_stay((10, 15), 2, june(12, 12), &[])]
    #[case::shorter_during_the_stay((10, 13), 2, june(12, 12), &[])]
    #[case::leaving_at_once_is_in_time((10, 13), 2, june(13, 10), &[])]
    #[case::leaving_before_now((10, 13), 2, june(13, 11), &["check_out_over"])]
    #[case::too_long((10, 21), 2, june(1, 12), &["too_long"])]
    #[case::too_short((10, 11), 2, june(1, 12), &["too_short"])]
    #[case::no_night((10, 10), 2, june(1, 12), &["check_out_not_after_check_in"])]
    #[case::backwards((10, 8), 2, june(1, 12), &["check_out_not_after_check_in"])]
    #[case::arrival_moved_in_time((9, 14), 2, june(7, 14), &[])]
    #[case::arrival_moved_too_late((9, 14), 2, june(7, 16), &["too_soon"])]
    #[case::arrival_moved_to_the_past((8, 14), 2, june(9, 12), &["in_the_past"])]
    #[case::arrived((11, 14), 2, june(10, 15), &["stay_begun", "too_soon"])]
    #[case::more_than_fit((10, 14), 4, june(1, 12), &["too_many_guests"])]
    fn only_what_changes_is_held_to_the_rules(
        #[case] dates: (i8, i8),
        #[case] adults: u32,
        #[case] now: Timestamp,
        #[case] codes: &[&str],
    ) {
        let rules = rules();
        let broken = change(&rules, dates, adults).broken_rules(now);
        assert_eq!(broken.iter().map(BrokenRule::code).collect::<Vec<_>>(), codes);
    }

    #[test]
    fn rules_made_stricter_since_do_not_touch_what_stays() {
        let stricter = StayRules { min_nights: 7, ..rules() };
        assert_eq!(change(&stricter, (10, 14), 3).broken_rules(june(1, 12)), []);
        assert!(change(&stricter, (10, 14), 2).is_none());
        assert!(!change(&stricter, (10, 14), 3).is_none());
        assert!(!change(&stricter, (10, 15), 2).is_none());
    }

    #[rstest]
    #[case::a_day((10, 15), june(1, 12), june(2, 12))]
    #[case::not_past_the_end_of_the_stay((10, 15), june(13, 12), june(14, 11))]
    #[case::not_past_the_new_end((10, 13), june(12, 12), june(13, 11))]
    #[case::not_past_the_arrival_that_is_moved((12, 14), june(10, 10), june(10, 15))]
    #[case::not_past_the_new_day_of_arrival((8, 14), june(8, 10), june(9, 0))]
    fn a_step_takes_a_day_and_never_longer_than_it_makes_sense(
        #[case] dates: (i8, i8),
        #[case] now: Timestamp,
        #[case] until: Timestamp,
    ) {
        assert_eq!(change(&rules(), dates, 2).open_until(now), until);
    }
}
