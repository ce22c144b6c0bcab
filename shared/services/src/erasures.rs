//! A person who goes. In one transaction everything personal leaves the database; what is elsewhere follows, and is
//! repeated each minute until nothing is left that a request or a worker may have written meanwhile.

use domain::error::{Error, ErrorCode, Result};
use domain::id::UserId;
use serde_json::json;
use store::tx::Tx;
use store::users::User;

use crate::Services;
use crate::actor::{Actor, own_account};

/// Whoever had read the account before it went has written what it writes by then: longer than a function may run, and
/// than an access token outlives its session.
const SETTLED_AFTER_SECONDS: f64 = 120.0;

/// Erasures a pass takes on.
const AT_ONCE: i64 = 20;

/// Erases the caller, if the account is as seen. Sessions end after the commit ([`Services::end_sessions_of_erased`]), and
/// the scheduler does the rest.
///
/// # Errors
/// `open_obligations` while a stay, a payment or a payout is open; those of `is_as_seen`; `not_found`.
pub async fn erase(tx: &Tx, actor: &Actor, is_as_seen: impl Fn(&User) -> Result<()>) -> Result<()> {
    let id = actor.user_id;
    // The account first: who books as its guest waits. Then its properties: so does who books there.
    is_as_seen(&own_account(tx, actor).await?)?;
    store::suspensions::lock_properties_of(tx, id).await?;
    let open = store::erasures::obligations(tx, id).await?;
    if open.bookings + open.payments + open.payouts > 0 {
        let detail = "Stays, payments or payouts are still open. Cancel them, or come back when they are over.";
        let counts = json!({ "bookings": open.bookings, "payments": open.payments, "payouts": open.payouts });
        return Err(Error::new(ErrorCode::OpenObligations, detail).with("open", counts));
    }
    store::erasures::erase(tx, id).await
}

impl Services {
    /// Ends the sessions of somebody who has just gone; the scheduler does it again.
    pub async fn end_sessions_of_erased(&self, actor: &Actor) {
        if let Err(error) = self.end_sessions_of(actor.user_id).await {
            tracing::warn!(user_id = %actor.user_id, cause = error.causes(), "the scheduler ends the sessions of an erased account");
        }
    }

    /// Takes what is left of erased people out of the other stores, and once more out of the database. Safe to run
    /// twice at once.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn carry_out_erasures(&self) -> Result<u64> {
        let open = store::erasures::open(&self.db.connection().await?, AT_ONCE).await?;
        let (mut finished, mut outcome) = (0, Ok(()));
        for id in open {
            match self.carry_out_erasure(id).await {
                Ok(is_finished) => finished += u64::from(is_finished),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome.map(|()| finished)
    }

    /// Photos are the sweeper's: their rows are marked.
    async fn carry_out_erasure(&self, id: UserId) -> Result<bool> {
        self.end_sessions_of(id).await?;
        self.one_time_tokens.remove_of_user(id).await?;
        self.notifications.remove_of_user(id).await?;
        self.write("erasures.repeat", |tx| async move {
            store::users::find_for_update(&tx, id).await?;
            store::suspensions::lock_properties_of(&tx, id).await?;
            store::erasures::erase(&tx, id).await?;
            store::erasures::finish(&tx, id, SETTLED_AFTER_SECONDS).await
        })
        .await
    }
}
