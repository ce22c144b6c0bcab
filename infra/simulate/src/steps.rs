//! What a step of a schedule can be.

use crate::mishap::Mishap;

/// One step: acts at the same time, or something that befalls everybody.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// People and workers, at the same time if there are several.
    Acts(Vec<Act>),
    /// Steps that belong together.
    Story(Vec<Step>),
    /// So many minutes go by.
    Wait {
        /// Minutes.
        minutes: i64,
    },
    /// Something outside will fail.
    Trouble(Trouble),
    /// The server ends every connection.
    ConnectionsLost,
    /// Everything outside works again.
    Healed,
}

/// What will fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// The next calls of the provider.
    Provider {
        /// The simulator's name of the fault.
        kind: &'static str,
        /// How many.
        times: u32,
        /// Those with this in their path.
        path: &'static str,
    },
    /// The next calls of the queue of events.
    Events {
        /// How many.
        times: u32,
    },
    /// The next calls of the queue of webhooks.
    Webhooks {
        /// How many.
        times: u32,
    },
    /// The next mails.
    Mails {
        /// How many.
        times: u32,
    },
}

/// What one person or worker does.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// What.
    pub(crate) what: What,
    /// What befalls it.
    pub(crate) mishap: Option<Mishap>,
}

/// Which side of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who travels.
    Guest,
    /// Whose place it is.
    Host,
}

/// How a card behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    /// Pays.
    Good,
    /// Is declined.
    Declined,
    /// Pays when its holder is seen.
    Seen,
    /// Asks for its holder, who is not seen.
    NotSeen,
    /// Asks for its holder, who never comes back.
    Abandoned,
    /// Pays, and its holder then says that they did not.
    Disputed,
}

/// An act. Bookings go by the number of the act that asked for them.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A guest books.
    Book {
        /// The number of this booking.
        booking: usize,
        /// Who.
        guest: usize,
        /// What.
        listing: usize,
        /// From so many days from today.
        from: u32,
        /// For so many.
        nights: u32,
        /// With the price that a quote has shown.
        quoted: bool,
    },
    /// The same request with the same key.
    BookAgain {
        /// Which.
        booking: usize,
    },
    /// The guest asks what is due and pays it.
    Pay {
        /// Which.
        booking: usize,
        /// With what.
        card: Card,
    },
    /// The guest pays by what was asked for before, however long ago.
    PayLate {
        /// Which.
        booking: usize,
        /// With what.
        card: Card,
    },
    /// The host answers a request.
    Answer {
        /// Which.
        booking: usize,
        /// How.
        accepts: bool,
    },
    /// One side calls it off.
    Cancel {
        /// Which.
        booking: usize,
        /// Who.
        by: Side,
    },
    /// The host gives something back.
    Refund {
        /// Which.
        booking: usize,
        /// How much of what was paid.
        percent: i64,
    },
    /// One side proposes another stay.
    Propose {
        /// Which.
        booking: usize,
        /// Who.
        by: Side,
        /// Later by so many days.
        later: u32,
        /// For so many nights.
        nights: u32,
    },
    /// The other side answers what was proposed.
    AnswerChange {
        /// Which.
        booking: usize,
        /// Who.
        by: Side,
        /// How.
        accepts: bool,
    },
    /// One side takes back what it proposed.
    Withdraw {
        /// Which.
        booking: usize,
        /// Who.
        by: Side,
    },
    /// The host says that nobody came.
    NoShow {
        /// Which.
        booking: usize,
    },
    /// A guest's bank decides a dispute.
    Decide {
        /// Which of those that are open.
        dispute: usize,
        /// For us.
        won: bool,
    },
    /// A host opens an account with the provider, or goes on with it.
    Onboard {
        /// Whose listing it is.
        listing: usize,
    },
    /// What a host was sent goes to the bank, from where nothing comes back.
    ToTheBank {
        /// Whose listing it is.
        listing: usize,
    },
    /// The host blocks nights, or opens them.
    Block {
        /// Where.
        listing: usize,
        /// From so many days from today.
        from: u32,
        /// For so many.
        nights: u32,
        /// Whether they can be had then.
        available: bool,
    },
    /// One side reviews the stay.
    Review {
        /// Which.
        booking: usize,
        /// Who.
        by: Side,
    },
    /// The scheduler's minute.
    Pass,
    /// The provider sends what has happened: twice, late, in any order, or not at all.
    Deliver,
    /// The worker of webhooks takes so many.
    Hear {
        /// How many.
        messages: u32,
    },
    /// The worker of notifications takes so many.
    Notify {
        /// How many.
        messages: u32,
        /// They come again although they are done.
        again: bool,
    },
}
