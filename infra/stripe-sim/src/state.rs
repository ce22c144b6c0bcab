//! All that the simulated account knows, and its clock. Must only be reached through the one lock in `shared`.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account_links::AccountLink;
use crate::accounts::Account;
use crate::balance_transactions::BalanceTransaction;
use crate::charges::Charge;
use crate::disputes::Dispute;
use crate::events::Event;
use crate::faults::Faults;
use crate::idempotency::Keys;
use crate::ids::Ids;
use crate::payment_intents::PaymentIntent;
use crate::payment_methods::PaymentMethod;
use crate::refunds::Refund;
use crate::requests::Requests;
use crate::table::Table;
use crate::transfer_reversals::Reversal;
use crate::transfers::Transfer;
use crate::webhooks::Deliveries;

/// One of a few words of the code, or the same read from a file.
pub(crate) type Word = Cow<'static, str>;

/// The call being worked on: events name it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Cause {
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// What is kept in a file is all but what is of one run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) ids: Ids,
    /// Seconds by which the account's time runs ahead of the wall clock.
    pub(crate) clock_ahead_seconds: i64,
    /// Where the simulator answers, for links to its own pages.
    #[serde(skip)]
    pub(crate) address: String,
    #[serde(skip)]
    pub(crate) cause: Cause,
    pub(crate) payment_intents: Table<PaymentIntent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) payment_methods: Table<PaymentMethod>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) balance_transactions: Table<BalanceTransaction>,
    pub(crate) accounts: Table<Account>,
    pub(crate) account_links: Table<AccountLink>,
    pub(crate) transfers: Table<Transfer>,
    pub(crate) transfer_reversals: Table<Reversal>,
    pub(crate) events: Table<Event>,
    /// Events made under the lock and not handed to the webhooks yet.
    pub(crate) outbox: Vec<String>,
    pub(crate) keys: Keys,
    #[serde(skip)]
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) requests: Requests,
    #[serde(skip)]
    pub(crate) deliveries: Deliveries,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed), ..Self::default() }
    }

    /// The account's time, seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        wall_clock() + self.clock_ahead_seconds
    }

    /// Records an event about `object` as it is now; the webhooks take it from the outbox. Events of one subject, a
    /// payment or a transfer, are sent in order.
    pub(crate) fn emit(&mut self, kind: &'static str, subject: &str, object: Value) {
        self.record(kind, subject, None, object);
    }

    /// The same about a connected account, which the event then names.
    pub(crate) fn emit_of_account(&mut self, kind: &'static str, account: &str, object: Value) {
        self.record(kind, account, Some(account.to_owned()), object);
    }

    fn record(&mut self, kind: &'static str, subject: &str, account: Option<String>, object: Value) {
        let event = Event {
            id: self.ids.next("evt"),
            created: self.now(),
            kind: kind.into(),
            subject: subject.to_owned(),
            account,
            object,
            cause: self.cause.clone(),
        };
        self.outbox.push(event.id.clone());
        self.events.insert(event);
    }
}

/// Seconds since 1970 by the machine's clock: what signatures are dated with.
pub(crate) fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
