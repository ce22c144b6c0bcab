//! Money given back. It is decided and committed first; the provider is told then, and again by the reconciler if that
//! failed.

use domain::admin::{AuditAction, AuditSubject};
use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::event::EventKind;
use domain::id::PaymentId;
use domain::ledger;
use domain::money::Money;
use domain::payment::{RefundStatus, newest_first};
use domain::user::Role;
use jiff::SignedDuration;
use serde_json::json;
use store::Tx;
use store::bookings::Booking;
use store::payments::Payment;
pub use store::refunds::Refund;

use crate::Services;
use crate::actor::Actor;
use crate::ledger::{post, subject};
use crate::ports::RefundOutcome;
use crate::settlement::event_data;

/// A refund that was decided longer ago may have been tried, so it is looked for first: the provider repeats its answer
/// to a name for a day, also if that was its own failure after the work was done, and forgets the name then.
const MAY_HAVE_BEEN_TRIED: SignedDuration = SignedDuration::from_secs(15);

impl Services {
    /// The refunds of payments that the caller has been shown, oldest first, in one statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn refunds_of_payments(&self, payment_ids: &[PaymentId]) -> Result<Vec<Refund>> {
        store::refunds::list_of_payments(&self.db.connection().await?, payment_ids).await
    }

    /// Tells the provider of a payment's decided refunds, as far as it can be told now; the reconciler does the rest.
    pub async fn carry_out_refunds_of(&self, payment_id: PaymentId) {
        let outcome = async move {
            let refunds = store::refunds::list_of_payments(&self.db.connection().await?, &[payment_id]).await?;
            for refund in refunds.iter().filter(|refund| refund.status == RefundStatus::Pending) {
                self.carry_out_refund(refund).await?;
            }
            Ok(())
        };
        if let Err(error) = self.follow_up(outcome).await {
            tracing::warn!(%payment_id, cause = error.causes(), "a refund is left to the reconciler");
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
        let made = match age >= MAY_HAVE_BEEN_TRIED {
            true => self.payment_provider.find_refund(refund.id, intent_id).await?,
            false => None,
        };
        let outcome = &match made {
            Some(outcome) => outcome,
            None => self.payment_provider.refund(refund.id, intent_id, refund.amount).await?,
        };
        let payment = &payment;
        self.write("refunds.carry_out", |tx| async move {
            match outcome {
                RefundOutcome::Done(name) => done(&tx, payment, refund, name).await,
                RefundOutcome::Refused(reason) => {
                    tracing::error!(refund_id = %refund.id, reason, "the provider refused a refund: people must look");
                    refused(&tx, payment, refund).await
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
        self.write("refunds.undo", |tx| async move {
            let refund = store::refunds::find_of_provider(&tx, name).await?;
            let refund = refund.ok_or_else(|| Error::internal("a failed refund that is not ours"))?;
            returned(&tx, &refund).await
        })
        .await
    }
}

/// Decides a refund beyond the policy.
///
/// # Errors
/// `not_found`, `forbidden` for the guest, `validation_failed` for an amount that can't be given back in this currency,
/// `invalid_state` when nothing was captured or more would go back than was.
pub async fn decide_by_host(
    tx: &Tx,
    actor: &Actor,
    payment_id: PaymentId,
    amount: Option<Money>,
    reason: &str,
) -> Result<Refund> {
    let found = store::payments::find(tx, payment_id).await?.ok_or_else(Error::not_found)?;
    // The booking is locked before its payment, as by everybody who needs both.
    let booking = store::bookings::find_for_update(tx, found.booking_id).await?.ok_or_else(Error::not_found)?;
    if !actor.may_see(&booking) {
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
        Some(amount) if amount.amount < 1 => {
            let invalid = Invalid::new("out_of_range", "What is given back must be 1 minor unit or more.");
            return Err(Error::invalid_field("/amount/amount", invalid));
        }
        Some(amount) => amount,
        None => left_of(tx, &payment).await?,
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
    if actor.user_id != booking.host_id {
        let subject = AuditSubject::Payment(payment_id);
        store::audit_log::insert(tx, actor.user_id, AuditAction::PaymentRefunded, subject, Some(reason)).await?;
    }
    decide(tx, &payment, &booking, amount, reason).await
}

/// Decides a refund of a payment that this transaction has locked, as its booking. Over its life never more goes back
/// than was captured. It is taken from what is the guest's already, then from the host: what others must bear is
/// given back in the books before ([`ledger::given_back`]).
///
/// # Errors
/// `invalid_state` when more would go back than is left, or while the guest's bank has the money.
pub(crate) async fn decide(
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
    let left = left_of(tx, payment).await?;
    if amount.amount < 1 || amount.amount > left.amount {
        let detail = format!("Of this payment {left} is left to be given back.");
        return Err(Error::new(ErrorCode::InvalidState, detail).with("left", json!(left)));
    }
    let refund = store::refunds::insert(tx, payment.id, amount, reason).await?;
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
/// first: `back`, or as much as is left of it. Gives how much that is; none when it is nothing.
pub(crate) async fn decide_of_booking(tx: &Tx, booking: &Booking, back: Money, reason: &str) -> Result<Option<Money>> {
    let payments = store::payments::captured_for_update(tx, booking.id).await?;
    let mut left = Vec::new();
    for payment in &payments {
        // What the guest's bank has is not ours to give.
        left.push(if payment.disputed { 0 } else { left_of(tx, payment).await?.amount });
    }
    let mut total = Money::new(0, back.currency);
    for (payment, part) in payments.iter().zip(newest_first(back.amount, left)).filter(|(_, part)| *part > 0) {
        let refund = decide(tx, payment, booking, Money::new(part, back.currency), reason).await?;
        total.amount += refund.amount.amount;
    }
    Ok((total.amount > 0).then_some(total))
}

async fn left_of(tx: &Tx, payment: &Payment) -> Result<Money> {
    let decided = store::refunds::decided_minor(tx, payment.id).await?;
    Ok(Money::new(payment.captured_minor - decided, payment.captured_currency))
}

async fn done(tx: &Tx, payment: &Payment, refund: &Refund, name: &str) -> Result<()> {
    // Locked, so that two who heard of it count it once.
    store::payments::find_for_update(tx, payment.id).await?;
    if !store::refunds::complete(tx, refund, name).await? {
        return Ok(());
    }
    let booking = booking_of(tx, payment).await?;
    post(tx, &ledger::refund_done(subject(&booking), refund.id, refund.amount)).await?;
    let mut data = event_data(&booking, payment);
    data["refund_id"] = json!(refund.id);
    data["amount"] = json!(refund.amount);
    store::outbox::insert(tx, EventKind::PaymentRefunded, &data).await
}

async fn refused(tx: &Tx, payment: &Payment, refund: &Refund) -> Result<()> {
    if !store::refunds::fail(tx, refund.id).await? {
        return Ok(());
    }
    let of = subject(&booking_of(tx, payment).await?);
    post(tx, &ledger::refund_refused(of, refund.id, refund.amount, payment.quarantined)).await
}

async fn returned(tx: &Tx, refund: &Refund) -> Result<()> {
    // Locked, so that two who heard of it count it once.
    let payment = store::payments::find_for_update(tx, refund.payment_id).await?;
    let payment = payment.ok_or_else(|| Error::internal("a refund of no payment"))?;
    if !store::refunds::undo(tx, refund).await? {
        return Ok(());
    }
    let of = subject(&booking_of(tx, &payment).await?);
    post(tx, &ledger::refund_returned(of, refund.id, refund.amount, payment.quarantined)).await
}

async fn booking_of(tx: &Tx, payment: &Payment) -> Result<Booking> {
    let booking = store::bookings::find(tx, payment.booking_id).await?;
    booking.ok_or_else(|| Error::internal("a payment of no booking"))
}
