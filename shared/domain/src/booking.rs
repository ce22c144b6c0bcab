//! What a booking can be, and what may happen to it: one table of transitions.
//! Who may cause an event, and its effects on money, are decided elsewhere.

use thiserror::Error;

/// How long an unpaid booking holds its nights.
pub const HOLD_MINUTES: i64 = 15;
/// How long a host has to answer a request (and never past check-in).
pub const HOST_ANSWER_HOURS: i64 = 24;
/// How long before its end the guest is told that an unpaid hold runs out.
pub const HOLD_NOTICE_MINUTES: i64 = 5;
/// How long before its end the host is told that a request runs out.
pub const ANSWER_NOTICE_HOURS: i64 = 3;

code_enum! {
    /// Where a booking stands.
    pub enum BookingStatus {
        /// The nights are held; the guest has not paid.
        PendingPayment = "pending_payment",
        /// The card is authorised; the host has not answered.
        PendingHost = "pending_host",
        /// Paid for; the nights are the guest's.
        Confirmed = "confirmed",
        /// The stay is over.
        Completed = "completed",
        /// The host said no.
        Declined = "declined",
        /// Not paid, or not answered, in time.
        Expired = "expired",
        /// Called off.
        Cancelled = "cancelled",
        /// The guest never came.
        NoShow = "no_show",
    }
}

impl BookingStatus {
    /// Whether nobody else can have the nights; the database's exclusion constraint lists the same states.
    pub const fn holds_nights(self) -> bool {
        matches!(self, Self::PendingPayment | Self::PendingHost | Self::Confirmed)
    }

    /// Whether the state runs out by itself, and so has a `hold_expires_at`.
    pub const fn expires(self) -> bool {
        matches!(self, Self::PendingPayment | Self::PendingHost)
    }
}

code_enum! {
    /// What happens to a booking after it was created; also the `event` of its timeline.
    pub enum BookingEvent {
        /// The money was captured.
        Paid = "paid",
        /// The card was authorised; the host has to answer.
        Authorized = "authorized",
        /// The host said yes.
        Accepted = "accepted",
        /// The host said no.
        Declined = "declined",
        /// The time to pay or to answer ran out.
        Expired = "expired",
        /// Dates or guests were changed, as both sides agreed.
        Changed = "changed",
        /// Called off by guest, host, admin or system.
        Cancelled = "cancelled",
        /// The check-out time has passed.
        Completed = "completed",
        /// The host reported that the guest never came.
        NoShow = "no_show",
    }
}

code_enum! {
    /// Who did something to a booking; `cancelled_by` and the timeline's `by`.
    pub enum Party {
        /// The guest of the booking.
        Guest = "guest",
        /// The host of the booking.
        Host = "host",
        /// Somebody with the role of that name.
        Admin = "admin",
        /// The product itself: a timer, or the payment provider's word.
        System = "system",
    }
}

/// The event can't happen to a booking in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a booking that is {status} can't become {event}")]
pub struct InvalidTransition {
    /// Where the booking stands.
    pub status: BookingStatus,
    /// What was to happen.
    pub event: BookingEvent,
}

/// Every transition there is: from, by, to.
///
/// Money for a hold that ran out takes the nights if they are still free: hence the two lines from `expired`.
/// They are for a booking that expired unpaid; the database's constraint says whether the nights are free.
pub const TRANSITIONS: &[(BookingStatus, BookingEvent, BookingStatus)] = {
    use {BookingEvent as Event, BookingStatus as Status};
    &[
        (Status::PendingPayment, Event::Paid, Status::Confirmed),
        (Status::PendingPayment, Event::Authorized, Status::PendingHost),
        (Status::PendingPayment, Event::Expired, Status::Expired),
        (Status::PendingPayment, Event::Cancelled, Status::Cancelled),
        (Status::PendingHost, Event::Accepted, Status::Confirmed),
        (Status::PendingHost, Event::Declined, Status::Declined),
        (Status::PendingHost, Event::Expired, Status::Expired),
        (Status::PendingHost, Event::Cancelled, Status::Cancelled),
        (Status::Confirmed, Event::Changed, Status::Confirmed),
        (Status::Confirmed, Event::Cancelled, Status::Cancelled),
        (Status::Confirmed, Event::Completed, Status::Completed),
        (Status::Confirmed, Event::NoShow, Status::NoShow),
        (Status::Expired, Event::Paid, Status::Confirmed),
        (Status::Expired, Event::Authorized, Status::PendingHost),
    ]
};

/// The state after `event`.
///
/// # Errors
/// [`InvalidTransition`] when the table has no such line.
pub fn next(status: BookingStatus, event: BookingEvent) -> Result<BookingStatus, InvalidTransition> {
    TRANSITIONS
        .iter()
        .find(|(from, by, _)| (*from, *by) == (status, event))
        .map(|(_, _, to)| *to)
        .ok_or(InvalidTransition { status, event })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a state, one column an event, in the order of declaration; `-` is impossible.
    const EXPECTED: &str = "
                        paid      authorized   accepted  declined expired changed   cancelled completed no_show
        pending_payment confirmed pending_host -         -        expired -         cancelled -         -
        pending_host    -         -            confirmed declined expired -         cancelled -         -
        confirmed       -         -            -         -        -       confirmed cancelled completed no_show
        completed       -         -            -         -        -       -         -         -         -
        declined        -         -            -         -        -       -         -         -         -
        expired         confirmed pending_host -         -        -       -         -         -         -
        cancelled       -         -            -         -        -       -         -         -         -
        no_show         -         -            -         -        -       -         -         -         -";

    #[test]
    fn every_pair_of_state_and_event_goes_where_the_table_says() {
        let mut lines = EXPECTED.trim().lines();
        let events: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(events, BookingEvent::ALL.iter().map(|event| event.as_str()).collect::<Vec<_>>());
        let mut states = Vec::new();
        for line in lines {
            let mut words = line.split_whitespace();
            let status: BookingStatus = words.next().unwrap().parse().unwrap();
            states.push(status);
            for (event, expected) in BookingEvent::ALL.iter().zip(words) {
                let found = next(status, *event);
                match expected {
                    "-" => assert_eq!(found, Err(InvalidTransition { status, event: *event })),
                    to => assert_eq!(found, Ok(to.parse().unwrap()), "{status} by {event}"),
                }
            }
        }
        assert_eq!(states, BookingStatus::ALL);
    }

    #[test]
    fn a_pair_has_one_line_in_the_table() {
        let pairs: std::collections::HashSet<_> = TRANSITIONS.iter().map(|(from, by, _)| (from, by)).collect();
        assert_eq!(pairs.len(), TRANSITIONS.len());
    }

    #[test]
    fn three_states_hold_nights_and_two_of_them_run_out() {
        let codes = |wanted: fn(BookingStatus) -> bool| -> Vec<&str> {
            BookingStatus::ALL.iter().filter(|status| wanted(**status)).map(|status| status.as_str()).collect()
        };
        assert_eq!(codes(BookingStatus::holds_nights), ["pending_payment", "pending_host", "confirmed"]);
        assert_eq!(codes(BookingStatus::expires), ["pending_payment", "pending_host"]);
    }

    #[test]
    fn codes_survive_text_and_json() {
        for status in BookingStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(serde_json::from_value::<BookingStatus>(status.as_str().into()).unwrap(), *status);
        }
        assert_eq!("Confirmed".parse::<BookingStatus>().unwrap_err().code, "unknown_value");
    }
}
