//! Paying: the attempts; what goes back of them is in `refunds.rs`. No network call is made inside a transaction: what
//! the provider must be told is decided and committed first, told then, and told again by the reconciler if that failed.

use std::sync::Arc;

use domain::booking::BookingStatus;
use domain::booking_change::ChangeStatus;
use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::id::{BookingId, PaymentId, UserId};
use domain::payment::IntentStatus;
use domain::user::Role;
use store::Tx;
use store::bookings::Booking;
pub use store::disputes::Dispute;
use store::payments::NewPayment;
pub use store::payments::{Instruction, Payment};
use store::refunds::Refund;
use store::tx::Queries;

use crate::Services;
use crate::actor::Actor;
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer, replay};
use crate::ports::{Intent, NewIntent};
use crate::settlement::check_in_of;

/// A payment as one caller sees it.
#[derive(Clone, Debug)]
pub struct PaymentView {
    /// The attempt.
    pub payment: Payment,
    /// What was given back of it.
    pub refunds: Vec<Refund>,
    /// What the guest's bank says of it, oldest first; to the host and admins.
    pub disputes: Vec<Dispute>,
    /// For the payer, to confirm with the provider's own library; only when the attempt is made or asked for again.
    pub client_secret: Option<String>,
    /// Whether this request made it.
    pub created: bool,
}

impl Services {
    /// Makes the attempt to pay what is due for a booking, or gives the one that is open.
    ///
    /// # Errors
    /// `invalid_state` when nothing is due, `not_found` in the body for a booking that is not the caller's own,
    /// `unavailable` when the provider can't be reached: asking again makes no second attempt.
    pub async fn create_payment(
        &self,
        actor: &Actor,
        booking_id: BookingId,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&PaymentView, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        const NAME: &str = "payments.create";
        let prepared = match self.prepare_payment(NAME, actor, booking_id, key).await {
            // What that one was for is over, only the provider has not been told yet.
            Ok(Ok(Prepared { payment, is_stale: true, .. })) => {
                self.carry_out_instruction(&payment).await?;
                self.prepare_payment(NAME, actor, booking_id, key).await
            }
            prepared => prepared,
        };
        let (payment, created) = match prepared {
            Ok(Ok(Prepared { is_stale: true, .. })) => {
                return Err(Error::unavailable("an attempt for something else is still open"));
            }
            Ok(Ok(Prepared { payment, created, .. })) => (payment, created),
            Ok(Err(answer)) => return Ok(answer),
            Err(error) => return self.keep_conflict(NAME, key, error, render).await,
        };
        let intent = &match self.intent_of(&payment).await {
            Ok(intent) => intent,
            Err(error) => return self.keep_conflict(NAME, key, error, render).await,
        };
        let finish = |tx: Arc<Tx>| async move { finish(&tx, payment.id, intent, created).await };
        self.idempotently(NAME, key, finish, render).await
    }

    /// The attempt, or the answer that was given before.
    async fn prepare_payment(
        &self,
        name: &'static str,
        actor: &Actor,
        booking_id: BookingId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Result<Prepared, Answer>> {
        self.write(name, |tx| async move {
            match replay(&tx, key).await? {
                Some(answer) => Ok(Err(answer)),
                None => prepare(&tx, actor, booking_id).await.map(Ok),
            }
        })
        .await
    }

    /// The provider's intent of an attempt, made now if it was not.
    pub(crate) async fn intent_of(&self, payment: &Payment) -> Result<Intent> {
        match &payment.intent_id {
            Some(intent_id) => self.payment_provider.intent(intent_id).await,
            None => {
                let new = NewIntent {
                    payment_id: payment.id,
                    booking_id: payment.booking_id,
                    amount: payment.amount,
                    manual_capture: payment.manual_capture,
                };
                self.payment_provider.create_intent(&new).await
            }
        }
    }

    /// A payment, to the guest and the host of its booking and to admins.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn payment(&self, actor: &Actor, id: PaymentId) -> Result<PaymentView> {
        self.db.read_at_once(|tx| async move { payment_seen_by(actor, &*tx, id).await }).await
    }

    /// The payments of a booking, newest first.
    ///
    /// # Errors
    /// `not_found` when the booking is not the caller's to see.
    pub async fn payments_of_booking(&self, actor: &Actor, booking_id: BookingId) -> Result<Vec<PaymentView>> {
        let booking = self.booking(actor, booking_id).await?;
        let read = |tx: Arc<Tx>| async move {
            let payments = store::payments::list_of_booking(&*tx, booking.id).await?;
            payment_views(&*tx, payments, seen_as_host(actor)).await
        };
        self.db.read_at_once(read).await
    }

    /// The payments of bookings that the caller has been shown, newest first, in one statement and without refunds.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn payments_of_bookings(&self, booking_ids: &[BookingId]) -> Result<Vec<PaymentView>> {
        let payments = store::payments::list_of_bookings(&self.db.connection().await?, booking_ids).await?;
        let view = |payment| PaymentView {
            payment,
            refunds: Vec::new(),
            disputes: Vec::new(),
            client_secret: None,
            created: false,
        };
        Ok(payments.into_iter().map(view).collect())
    }

    /// The disputes of payments that the caller has been shown, as far as the caller may see them, oldest first, in one
    /// statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn disputes_of_payments(&self, actor: &Actor, payment_ids: &[PaymentId]) -> Result<Vec<Dispute>> {
        store::disputes::of_payments(&self.db.connection().await?, payment_ids, seen_as_host(actor)).await
    }
}

async fn payment_seen_by(actor: &Actor, queries: &impl Queries, id: PaymentId) -> Result<PaymentView> {
    let payment = store::payments::find(queries, id).await?.ok_or_else(Error::not_found)?;
    let booking = store::bookings::find(queries, payment.booking_id).await?;
    booking.filter(|booking| actor.may_see(booking)).ok_or_else(Error::not_found)?;
    let mut views = payment_views(queries, vec![payment], seen_as_host(actor)).await?;
    views.pop().ok_or_else(Error::not_found)
}

/// Payments with their refunds and disputes; those of the bookings of this host alone, where one is given.
pub(crate) async fn payment_views(
    queries: &impl Queries,
    payments: Vec<Payment>,
    host_id: Option<UserId>,
) -> Result<Vec<PaymentView>> {
    let ids: Vec<PaymentId> = payments.iter().map(|payment| payment.id).collect();
    let refunds = store::refunds::list_of_payments(queries, &ids).await?;
    let disputes = store::disputes::of_payments(queries, &ids, host_id).await?;
    let view = |payment: Payment| PaymentView {
        refunds: refunds.iter().filter(|refund| refund.payment_id == payment.id).cloned().collect(),
        disputes: disputes.iter().filter(|dispute| dispute.payment_id == payment.id).cloned().collect(),
        payment,
        client_secret: None,
        created: false,
    };
    Ok(payments.into_iter().map(view).collect())
}

/// An attempt to pay what is due.
struct Prepared {
    payment: Payment,
    /// Whether it was made now.
    created: bool,
    /// Whether it is for something that is no longer due, and on its way out.
    is_stale: bool,
}

/// The open attempt for a booking whose payment is due, made if there is none.
async fn prepare(tx: &Tx, actor: &Actor, booking_id: BookingId) -> Result<Prepared> {
    let booking = store::bookings::find_for_update(tx, booking_id)
        .await?
        .filter(|booking| booking.guest_id == actor.user_id)
        .ok_or_else(|| {
            Error::invalid_field("/booking_id", Invalid::new("not_found", "There is no such booking of yours."))
        })?;
    let due = due_of(tx, &booking).await?;
    if due.amount.amount < 1 {
        let detail = "The payment provider takes no payment of nothing.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()));
    }
    if store::payments::has_quarantined(tx, booking_id).await? {
        let detail = "Money for this booking is being looked at; nothing more is to be paid.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()));
    }
    if let Some(payment) = store::payments::insert(tx, &due).await? {
        if due.change_id.is_none() {
            store::bookings::set_payment(tx, booking_id, payment.id).await?;
        }
        return Ok(Prepared { payment, created: true, is_stale: false });
    }
    let just_ended = || Error::unavailable("the open payment has just ended");
    let open = store::payments::find_open(tx, booking_id).await?.ok_or_else(just_ended)?;
    if open.change_id == due.change_id {
        return Ok(Prepared { payment: open, created: false, is_stale: false });
    }
    store::payments::instruct(tx, open.id, Instruction::Cancel).await?;
    let payment = store::payments::find_open(tx, booking_id).await?.ok_or_else(just_ended)?;
    Ok(Prepared { payment, created: false, is_stale: true })
}

/// What is to be paid for a booking now: the stay, or the difference of a change that both sides agreed on.
async fn due_of(tx: &Tx, booking: &Booking) -> Result<NewPayment> {
    let due = NewPayment {
        booking_id: booking.id,
        change_id: None,
        payer_id: booking.guest_id,
        amount: booking.price.total,
        manual_capture: !booking.instant_book,
    };
    if booking.status == BookingStatus::PendingPayment {
        if due.manual_capture && check_in_of(tx, booking).await? <= store::clock::now(tx).await? {
            // Better no card is asked than one authorised for nothing.
            let detail = "It is past the check-in time, before which the host would have to answer this request.";
            return Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()));
        }
        return Ok(due);
    }
    if booking.status == BookingStatus::Confirmed
        && let Some(change) = store::booking_changes::find_open_for_update(tx, booking.id).await?
        && change.status == ChangeStatus::Accepted
    {
        return Ok(NewPayment { change_id: Some(change.id), amount: change.difference, manual_capture: false, ..due });
    }
    let detail = format!("Nothing is due for a booking that is {}.", booking.status);
    Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()))
}

async fn finish(tx: &Tx, payment_id: PaymentId, intent: &Intent, created: bool) -> Result<PaymentView> {
    store::payments::set_intent(tx, payment_id, &intent.id).await?;
    let payment = store::payments::find(tx, payment_id).await?;
    let payment = payment.ok_or_else(|| Error::internal("a payment is gone"))?;
    if payment.status == IntentStatus::Canceled {
        // The hold ran out while the provider was asked: nobody may pay any more.
        let detail = "The booking stopped waiting for this payment.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", payment.status.as_str()));
    }
    Ok(PaymentView {
        payment,
        refunds: Vec::new(),
        disputes: Vec::new(),
        client_secret: Some(intent.client_secret.clone()),
        created,
    })
}

/// Whose disputes the caller sees: admins all, others those of their own places.
fn seen_as_host(actor: &Actor) -> Option<UserId> {
    (actor.role != Role::Admin).then_some(actor.user_id)
}
