//! Paying: attempts, and money given back. No network call is made inside a transaction: what the provider must be
//! told is decided and committed first, told then, and told again by the reconciler if that failed.

use std::sync::Arc;

use domain::booking::BookingStatus;
use domain::booking_change::ChangeStatus;
use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::event::EventKind;
use domain::id::{BookingId, PaymentId, UserId};
use domain::ledger;
use domain::money::Money;
use domain::payment::{IntentStatus, RefundStatus, newest_first};
use domain::user::Role;
use jiff::SignedDuration;
use serde_json::json;
use store::Tx;
use store::bookings::Booking;
pub use store::disputes::Dispute;
use store::payments::NewPayment;
pub use store::payments::{Instruction, Payment, Refund};

use crate::Services;
use crate::actor::Actor;
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer, replay};
use crate::ledger::{post, subject};
use crate::ports::{Intent, NewIntent, RefundOutcome};
use crate::settlement::event_data;

/// For longer than this the provider remembers under which name something was done, and does it no second time. What
/// is repeated later is looked for first.
const PROVIDER_REMEMBERS: SignedDuration = SignedDuration::from_hours(20);

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
        let intent = &self.intent_of(&payment).await?;
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
        let connection = self.db.connection().await?;
        let payment = store::payments::find(&connection, id).await?.ok_or_else(Error::not_found)?;
        let booking = store::bookings::find(&connection, payment.booking_id).await?;
        booking.filter(|booking| concerns(actor, booking)).ok_or_else(Error::not_found)?;
        let refunds = store::payments::refunds_of(&connection, &[id]).await?;
        let disputes = store::disputes::of_payments(&connection, &[id], seen_as_host(actor)).await?;
        Ok(PaymentView { payment, refunds, disputes, client_secret: None, created: false })
    }

    /// The payments of a booking, newest first.
    ///
    /// # Errors
    /// `not_found` when the booking is not the caller's to see.
    pub async fn payments_of_booking(&self, actor: &Actor, booking_id: BookingId) -> Result<Vec<PaymentView>> {
        let booking = self.booking(actor, booking_id).await?;
        let connection = self.db.connection().await?;
        let payments = store::payments::list_of_booking(&connection, booking.id).await?;
        let ids: Vec<PaymentId> = payments.iter().map(|payment| payment.id).collect();
        let refunds = store::payments::refunds_of(&connection, &ids).await?;
        let disputes = store::disputes::of_payments(&connection, &ids, seen_as_host(actor)).await?;
        let view = |payment: Payment| {
            let refunds = refunds.iter().filter(|refund| refund.payment_id == payment.id).cloned().collect();
            let disputes = disputes.iter().filter(|dispute| dispute.payment_id == payment.id).cloned().collect();
            PaymentView { payment, refunds, disputes, client_secret: None, created: false }
        };
        Ok(payments.into_iter().map(view).collect())
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

    /// The refunds of payments that the caller has been shown, oldest first, in one statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn refunds_of_payments(&self, payment_ids: &[PaymentId]) -> Result<Vec<Refund>> {
        store::payments::refunds_of(&self.db.connection().await?, payment_ids).await
    }

    /// The disputes of payments that the caller has been shown, as far as the caller may see them, oldest first, in one
    /// statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn disputes_of_payments(&self, actor: &Actor, payment_ids: &[PaymentId]) -> Result<Vec<Dispute>> {
        store::disputes::of_payments(&self.db.connection().await?, payment_ids, seen_as_host(actor)).await
    }

    /// Tells the provider of a payment's decided refunds, as far as it can be told now; the reconciler does the rest.
    pub async fn carry_out_refunds_of(&self, payment_id: PaymentId) {
        let outcome = async {
            let refunds = store::payments::refunds_of(&self.db.connection().await?, &[payment_id]).await?;
            for refund in refunds.iter().filter(|refund| refund.status == RefundStatus::Pending) {
                self.carry_out_refund(refund).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%payment_id, %error, "a refund is left to the reconciler");
        }
    }

    /// Tells the provider of a refund that was decided, and keeps what it says.
    ///
    /// # Errors
    /// `unavailable` when the outcome is not known: the reconciler asks again under the same name.
    pub async fn carry_out_refund(&self, refund: &Refund) -> Result<()> {
        let connection = self.db.connection().await?;
        let payment = store::payments::find(&connection, refund.payment_id).await?;
        let age = store::clock::now(&connection).await?.duration_since(refund.created_at);
        drop(connection);
        let payment = payment.ok_or_else(|| Error::internal("a refund of no payment"))?;
        let intent_id = payment.intent_id.as_deref().ok_or_else(|| Error::internal("a refund of no intent"))?;
        let made = match age >= PROVIDER_REMEMBERS {
            true => self.payment_provider.find_refund(refund.id, intent_id).await?,
            false => None,
        };
        let outcome = &match made {
            Some(outcome) => outcome,
            None => self.payment_provider.refund(refund.id, intent_id, refund.amount).await?,
        };
        let payment = &payment;
        self.write("payments.carry_out_refund", |tx| async move {
            match outcome {
                RefundOutcome::Done(name) => refund_done(&tx, payment, refund, name).await,
                RefundOutcome::Refused(reason) => {
                    tracing::error!(refund_id = %refund.id, reason, "the provider refused a refund: people must look");
                    refund_refused(&tx, payment, refund).await
                }
            }
        })
        .await
    }

    /// Asks the provider about a refund, and undoes ours if the money came back from the guest's bank: what is owed
    /// is owed again, and people look at it.
    ///
    /// # Errors
    /// `unavailable`, or `internal` for a refund that failed and is not ours, or not yet.
    pub async fn settle_refund(&self, name: &str) -> Result<()> {
        let RefundOutcome::Refused(reason) = self.payment_provider.refund_outcome(name).await? else { return Ok(()) };
        tracing::error!(name, reason, "a refund did not reach the guest: people must look");
        self.write("payments.undo_refund", |tx| async move {
            let refund = store::payments::find_refund_of_provider(&tx, name).await?;
            let refund = refund.ok_or_else(|| Error::internal("a failed refund that is not ours"))?;
            refund_returned(&tx, &refund).await
        })
        .await
    }
}

/// Decides a refund beyond the policy.
///
/// # Errors
/// `not_found`, `forbidden` for the guest, `invalid_state` when nothing was captured or more would go back than was.
pub async fn decide_refund_by_host(
    tx: &Tx,
    actor: &Actor,
    payment_id: PaymentId,
    amount: Option<Money>,
    reason: &str,
) -> Result<Refund> {
    let found = store::payments::find(tx, payment_id).await?.ok_or_else(Error::not_found)?;
    // The booking is locked before its payment, as by everybody who needs both.
    let booking = store::bookings::find_for_update(tx, found.booking_id).await?.ok_or_else(Error::not_found)?;
    if !concerns(actor, &booking) {
        return Err(Error::not_found());
    }
    if actor.user_id != booking.host_id && actor.role != Role::Admin {
        return Err(Error::new(ErrorCode::Forbidden, "Only the host may give money back."));
    }
    let payment = store::payments::find_for_update(tx, payment_id).await?.ok_or_else(Error::not_found)?;
    if payment.quarantined && actor.role != Role::Admin {
        let detail = "This payment was not what was asked for; only an admin decides about it.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", "quarantined"));
    }
    let amount = match amount {
        Some(amount) => amount,
        None => left_to_refund(tx, &payment).await?,
    };
    if amount.currency != payment.captured_currency {
        let detail = format!("The payment was in {}.", payment.captured_currency);
        return Err(Error::invalid_field("/amount/currency", Invalid::new("currency_mismatch", detail)));
    }
    let step = amount.currency.payment_step_minor();
    if amount.amount % step != 0 {
        let detail = format!("In {} this must be a multiple of {step} minor units.", amount.currency);
        return Err(Error::invalid_field("/amount/amount", Invalid::new("not_a_multiple", detail)));
    }
    decide_refund(tx, &payment, &booking, amount, reason).await
}

/// Decides a refund of a payment that this transaction has locked, as its booking. Over its life never more goes back
/// than was captured. It is taken from what is the guest's already, then from the host: what others must bear is
/// given back in the books before ([`ledger::given_back`]).
///
/// # Errors
/// `invalid_state` when more would go back than is left, or while the guest's bank has the money.
pub(crate) async fn decide_refund(
    tx: &Tx,
    payment: &Payment,
    booking: &Booking,
    amount: Money,
    reason: &str,
) -> Result<Refund> {
    if payment.disputed {
        let detail = "The guest's bank has taken this payment back; nothing can be given back beside that.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", "disputed"));
    }
    let left = left_to_refund(tx, payment).await?;
    if amount.amount < 1 || amount.amount > left.amount {
        let detail = format!("Of this payment {left} is left to be given back.");
        return Err(Error::new(ErrorCode::InvalidState, detail).with("left", json!(left)));
    }
    let refund = store::payments::insert_refund(tx, payment.id, amount, reason).await?;
    let movement = if payment.quarantined {
        ledger::quarantined_refund_decided(subject(booking), refund.id, amount)
    } else {
        let standing = store::ledger::standing(tx, booking.id, amount.currency).await?;
        ledger::refund_decided(subject(booking), refund.id, amount, standing)
    };
    post(tx, &movement).await?;
    Ok(refund)
}

/// Decides what goes back of all that was captured for a booking, which this transaction has locked, the newest payment
/// first: `back`, or as much as is left of it.
pub(crate) async fn decide_refunds_of_booking(
    tx: &Tx,
    booking: &Booking,
    back: Money,
    reason: &str,
) -> Result<Vec<Refund>> {
    let payments = store::payments::captured_for_update(tx, booking.id).await?;
    let mut left = Vec::new();
    for payment in &payments {
        // What the guest's bank has is not ours to give.
        left.push(if payment.disputed { 0 } else { left_to_refund(tx, payment).await?.amount });
    }
    let mut refunds = Vec::new();
    for (payment, part) in payments.iter().zip(newest_first(back.amount, left)).filter(|(_, part)| *part > 0) {
        refunds.push(decide_refund(tx, payment, booking, Money::new(part, back.currency), reason).await?);
    }
    Ok(refunds)
}

async fn left_to_refund(tx: &Tx, payment: &Payment) -> Result<Money> {
    let decided = store::payments::refunds_decided_minor(tx, payment.id).await?;
    Ok(Money::new(payment.captured_minor - decided, payment.captured_currency))
}

async fn refund_done(tx: &Tx, payment: &Payment, refund: &Refund, name: &str) -> Result<()> {
    // Locked, so that two who heard of it count it once.
    store::payments::find_for_update(tx, payment.id).await?;
    if !store::payments::complete_refund(tx, refund, name).await? {
        return Ok(());
    }
    let booking = booking_of(tx, payment).await?;
    post(tx, &ledger::refund_done(subject(&booking), refund.id, refund.amount)).await?;
    let mut data = event_data(&booking, payment);
    data["refund_id"] = json!(refund.id);
    data["amount"] = json!(refund.amount);
    store::outbox::insert(tx, EventKind::PaymentRefunded, &data).await
}

async fn refund_refused(tx: &Tx, payment: &Payment, refund: &Refund) -> Result<()> {
    if !store::payments::fail_refund(tx, refund.id).await? {
        return Ok(());
    }
    let of = subject(&booking_of(tx, payment).await?);
    post(tx, &ledger::refund_refused(of, refund.id, refund.amount, payment.quarantined)).await
}

async fn refund_returned(tx: &Tx, refund: &Refund) -> Result<()> {
    // Locked, so that two who heard of it count it once.
    let payment = store::payments::find_for_update(tx, refund.payment_id).await?;
    let payment = payment.ok_or_else(|| Error::internal("a refund of no payment"))?;
    if !store::payments::undo_refund(tx, refund).await? {
        return Ok(());
    }
    let of = subject(&booking_of(tx, &payment).await?);
    post(tx, &ledger::refund_returned(of, refund.id, refund.amount, payment.quarantined)).await
}

async fn booking_of(tx: &Tx, payment: &Payment) -> Result<Booking> {
    let booking = store::bookings::find(tx, payment.booking_id).await?;
    booking.ok_or_else(|| Error::internal("a payment of no booking"))
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

fn concerns(actor: &Actor, booking: &Booking) -> bool {
    [booking.guest_id, booking.host_id].contains(&actor.user_id) || actor.role == Role::Admin
}
