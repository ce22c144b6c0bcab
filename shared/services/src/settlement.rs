//! Settling what the provider says with what we know: an event, an answer and the reconciler all end here. Whatever
//! order they come in and however often, a captured payment becomes one confirmed booking or one change of it, or goes
//! back in full.

use std::time::{Duration, Instant};

use domain::booking::{self, BookingEvent, BookingStatus, HOST_ANSWER_HOURS, Party};
use domain::booking_change::ChangeStatus;
use domain::error::{Error, Result};
use domain::event::EventKind;
use domain::id::PaymentId;
use domain::ledger;
use domain::money::Money;
use domain::payment::IntentStatus;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::Tx;
use store::bookings::{Booking, Change};
use store::payments::{Instruction, Payment};
use store::refunds::Refund;

use crate::Services;
use crate::booking_changes;
use crate::bookings::{self, arrival_of};
use crate::ledger::{post, subject};
use crate::ports::Intent;
use crate::refunds;

/// An open attempt is asked about again after so long: webhooks may be lost.
const ASK_AGAIN_SECONDS: f64 = 60.0;

/// A refund that was decided is told to the provider by the request that decided it; after so long by the reconciler.
const REFUND_AGAIN_SECONDS: f64 = 20.0;

/// What the provider charged for a captured payment is asked about again after so long.
const FEE_AGAIN_SECONDS: f64 = 600.0;

/// How many the reconciler takes at a time, and how many of them it asks about side by side.
const BATCH_ROWS: i64 = 50;
const SIDE_BY_SIDE: usize = 8;

/// No further batch is begun after so long: the scheduler has other things to do.
const PASS_LIMIT: Duration = Duration::from_secs(15);

/// What follows from settling, to be done after the commit.
#[derive(Debug, Default)]
struct FollowUp {
    refund: Option<Refund>,
    instructed: bool,
}

impl Services {
    /// Asks the provider about an intent and settles it.
    ///
    /// # Errors
    /// `unavailable` when the provider or the database can't be reached, `internal` for an intent that is not ours.
    pub async fn settle_intent(&self, intent_id: &str) -> Result<()> {
        let intent = self.payment_provider.intent(intent_id).await?;
        self.settle(&intent).await
    }

    /// Settles an intent as the provider has just told it.
    ///
    /// # Errors
    /// `unavailable`, or `internal` for an intent that is not ours.
    pub async fn settle(&self, intent: &Intent) -> Result<()> {
        let follow_up = self.write("payments.settle", |tx| async move { settle(&tx, intent).await }).await?;
        if let Some(refund) = &follow_up.refund
            && let Err(error) = self.carry_out_refund(refund).await
        {
            tracing::warn!(refund_id = %refund.id, cause = error.causes(), "a refund is left to the reconciler");
        }
        if follow_up.instructed && intent.status != IntentStatus::Canceled {
            self.cancel_intent(intent).await?;
        }
        Ok(())
    }

    /// Tells the provider what was decided about an attempt, and settles what it answers.
    ///
    /// # Errors
    /// `unavailable` when the outcome is not known: the reconciler repeats it.
    pub async fn carry_out_instruction(&self, payment: &Payment) -> Result<()> {
        let Some(instruction) = payment.instruction else { return Ok(()) };
        let known = match &payment.intent_id {
            Some(intent_id) => Some(intent_id.clone()),
            None => self.write("payments.give_up", |tx| async move { give_up(&tx, payment.id).await }).await?,
        };
        let Some(intent_id) = known else { return Ok(()) };
        // Another name each time the reconciler takes it on: the provider repeats its answer to a name for a day, also if
        // that was its own failure. Nothing is done twice by it, as an intent is captured or cancelled once.
        let name = format!("{}-{}-{}", payment.id, instruction.as_str(), payment.asked_at.as_microsecond());
        let intent = match instruction {
            Instruction::Capture => self.payment_provider.capture(&intent_id, &name).await?,
            Instruction::Cancel => self.payment_provider.cancel(&intent_id, &name).await?,
        };
        self.settle(&intent).await
    }

    /// Asks about everything that is not settled, batch after batch until nothing is due or the time is over; gives how
    /// many it went through. Safe to run twice at once.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn reconcile_payments(&self) -> Result<u64> {
        let until = Instant::now() + PASS_LIMIT;
        self.write("payments.give_up_ended", |tx| async move { store::payments::cancel_of_ended_bookings(&tx).await })
            .await?;
        let (mut total, mut first_failure) = (0, Ok(()));
        loop {
            let (done, is_last, outcome) = self.reconcile_batch(until).await?;
            total += done;
            first_failure = first_failure.and(outcome);
            if is_last || Instant::now() >= until {
                break;
            }
        }
        match self.reconcile_disputes().await {
            Ok(settled) => total += settled,
            Err(error) => first_failure = first_failure.and(Err(error)),
        }
        first_failure.map(|()| total)
    }

    /// One batch of each kind: how many, whether nothing more is due, and the first failure. What is not begun until then
    /// is left to a later pass.
    async fn reconcile_batch(&self, until: Instant) -> Result<(u64, bool, Result<()>)> {
        let unsettled = self
            .write("payments.claim_unsettled", |tx| async move {
                store::payments::claim_unsettled(&tx, ASK_AGAIN_SECONDS, BATCH_ROWS).await
            })
            .await?;
        let refunds = self
            .write("payments.claim_refunds", |tx| async move {
                store::refunds::claim_pending(&tx, REFUND_AGAIN_SECONDS, BATCH_ROWS).await
            })
            .await?;
        let without_fee = self
            .write("payments.claim_without_fee", |tx| async move {
                store::payments::claim_without_fee(&tx, FEE_AGAIN_SECONDS, BATCH_ROWS).await
            })
            .await?;
        let settle = |payment: Payment| async move {
            match (&payment.instruction, &payment.intent_id) {
                (Some(_), _) => self.carry_out_instruction(&payment).await,
                (None, Some(intent_id)) => self.settle_intent(intent_id).await,
                (None, None) => Ok(()),
            }
        };
        let lengths = [unsettled.len(), refunds.len(), without_fee.len()];
        let settled = side_by_side(unsettled.into_iter().chain(without_fee), until, settle).await;
        let refunded = side_by_side(refunds, until, |refund| async move { self.carry_out_refund(&refund).await }).await;
        let is_last = lengths.iter().all(|length| (*length as u64) < BATCH_ROWS.unsigned_abs());
        Ok((lengths.iter().sum::<usize>() as u64, is_last, settled.and(refunded)))
    }

    async fn cancel_intent(&self, intent: &Intent) -> Result<()> {
        let Some(payment_id) = intent.payment_id else { return Ok(()) };
        let canceled = &self.payment_provider.cancel(&intent.id, &format!("{payment_id}-cancel")).await?;
        self.write("payments.settle_canceled", |tx| async move { settle(&tx, canceled).await.map(drop) }).await
    }
}

/// Works items off, a few at a time, as far as they can be begun until then; the first failure, after all were tried.
pub(crate) async fn side_by_side<T, F>(
    items: impl IntoIterator<Item = T>,
    until: Instant,
    work: impl Fn(T) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let in_time = items.into_iter().take_while(|_| Instant::now() < until);
    let outcomes = futures::stream::iter(in_time).map(work).buffer_unordered(SIDE_BY_SIDE);
    outcomes.fold(Ok(()), |first, outcome| async move { first.and(outcome) }).await
}

async fn settle(tx: &Tx, intent: &Intent) -> Result<FollowUp> {
    let stranger = || Error::internal(format!("the intent {} is of no payment of ours", intent.id));
    let payment_id = intent.payment_id.ok_or_else(stranger)?;
    let payment = store::payments::find(tx, payment_id).await?.ok_or_else(stranger)?;
    // Nights that may have to be taken: the property is locked before the booking, as by who books it.
    let as_found = store::bookings::find(tx, payment.booking_id).await?;
    let may_take = |booking: &Booking| !booking.status.holds_nights() || payment.change_id.is_some();
    if let Some(booking) = as_found.filter(may_take) {
        store::bookings::lock_property(tx, booking.property_id).await?;
    }
    // The booking is locked before its payment, as by everybody who needs both.
    let booking = booking_of(tx, &payment).await?;
    let payment = store::payments::find_for_update(tx, payment_id).await?.ok_or_else(stranger)?;
    if payment.intent_id.as_ref().is_some_and(|known| *known != intent.id) {
        return Err(stranger());
    }
    store::payments::set_intent(tx, payment_id, &intent.id).await?;
    if let Some(fee) = intent.fee
        && store::payments::set_fee(tx, payment_id, fee).await?
    {
        post(tx, &ledger::provider_fee(subject(&booking), payment_id, fee)).await?;
    }
    if let Some(failure) = &intent.failure {
        note_failure(tx, &payment, &booking, failure).await?;
    }
    if payment.status == IntentStatus::Canceled && !intent.status.is_final() {
        // Given up before its intent was known.
        return Ok(FollowUp { refund: None, instructed: true });
    }
    // What the provider has cancelled never succeeds: this one was only given up here, and the money counts.
    let is_news = payment.status.may_become(intent.status) || intent.status == IntentStatus::Succeeded;
    if payment.status == intent.status || !is_news {
        return Ok(FollowUp::default());
    }
    if is_other_money(&payment, intent) {
        return set_apart(tx, &payment, &booking, intent).await;
    }
    store::payments::set_status(tx, payment.id, intent.status, intent.captured_minor).await?;
    if intent.status == IntentStatus::Succeeded {
        let money = Money::new(intent.captured_minor, intent.amount.currency);
        post(tx, &ledger::captured(subject(&booking), payment.id, money, false)).await?;
    }
    match intent.status {
        IntentStatus::Succeeded if payment.change_id.is_some() => {
            difference_captured(tx, &payment, &booking, intent).await
        }
        IntentStatus::Succeeded => captured(tx, &payment, &booking, intent).await,
        IntentStatus::RequiresCapture => authorized(tx, &payment, &booking, intent).await,
        IntentStatus::Canceled => released(tx, &booking).await,
        _ => Ok(FollowUp::default()),
    }
}

/// Ends an attempt whose intent is not known, so that nobody has got what is needed to pay it; if the intent has come
/// meanwhile, gives it.
async fn give_up(tx: &Tx, id: PaymentId) -> Result<Option<String>> {
    let payment = store::payments::find_for_update(tx, id).await?;
    let payment = payment.ok_or_else(|| Error::internal("a payment is gone"))?;
    if payment.intent_id.is_none() {
        store::payments::set_status(tx, id, IntentStatus::Canceled, 0).await?;
    }
    Ok(payment.intent_id)
}

/// Money that is not what was asked for confirms nothing: people decide about it.
async fn set_apart(tx: &Tx, payment: &Payment, booking: &Booking, intent: &Intent) -> Result<FollowUp> {
    let captured = Money::new(intent.captured_minor, intent.amount.currency);
    // The alarm `money-quarantined` looks for this line.
    tracing::error!(
        payment_id = %payment.id, intent_id = intent.id, asked = %payment.amount, offered = %intent.amount, %captured,
        "money of another amount or currency: quarantined"
    );
    store::payments::quarantine(tx, payment.id, intent.status, captured).await?;
    post(tx, &ledger::captured(subject(booking), payment.id, captured, true)).await?;
    Ok(FollowUp::default())
}

fn is_other_money(payment: &Payment, intent: &Intent) -> bool {
    intent.amount != payment.amount
        || (intent.status == IntentStatus::Succeeded && intent.captured_minor != payment.amount.amount)
}

async fn note_failure(tx: &Tx, payment: &Payment, booking: &Booking, failure: &str) -> Result<()> {
    if !store::payments::note_failure(tx, payment.id, failure).await? {
        return Ok(());
    }
    store::outbox::insert(tx, EventKind::PaymentFailed, &event_data(booking, payment)).await
}

/// The money is here: the booking is confirmed, or, if its nights are gone, the money goes back.
async fn captured(tx: &Tx, payment: &Payment, booking: &Booking, intent: &Intent) -> Result<FollowUp> {
    let event = match booking.status {
        BookingStatus::PendingHost => BookingEvent::Accepted,
        _ => BookingEvent::Paid,
    };
    if let Ok(to) = booking::next(booking.status, event)
        && takes_nights(tx, booking).await?
    {
        let by = if event == BookingEvent::Accepted { Party::Host } else { Party::Guest };
        let change = Change { event, by, to, hold_expires_at: None };
        let booking = store::bookings::apply(tx, booking, &change).await?;
        post(tx, &ledger::earned(subject(&booking), &booking.price)).await?;
        store::outbox::insert(tx, EventKind::BookingConfirmed, &event_data(&booking, payment)).await?;
        return Ok(FollowUp::default());
    }
    give_all_back(tx, payment, booking, intent, "The nights were no longer held when the money came.").await
}

/// The difference of a change is here: the stay is changed, or, if the change is no longer open, the money goes back.
async fn difference_captured(tx: &Tx, payment: &Payment, booking: &Booking, intent: &Intent) -> Result<FollowUp> {
    let open = store::booking_changes::find_open_for_update(tx, booking.id).await?;
    if let Some(change) = open.filter(|change| Some(change.id) == payment.change_id) {
        let in_time = change.status == ChangeStatus::Accepted;
        if in_time
            && booking::next(booking.status, BookingEvent::Changed).is_ok()
            && booking_changes::is_free(tx, booking, change.dates, change.held_until).await?
        {
            booking_changes::apply(tx, booking, &change, Party::Guest).await?;
            return Ok(FollowUp::default());
        }
        booking_changes::close(tx, booking, &change, ChangeStatus::Expired).await?;
    }
    give_all_back(tx, payment, booking, intent, "The change was no longer open when the money came.").await
}

async fn give_all_back(
    tx: &Tx,
    payment: &Payment,
    booking: &Booking,
    intent: &Intent,
    reason: &str,
) -> Result<FollowUp> {
    let mut payment = payment.clone();
    payment.captured_minor = intent.captured_minor;
    let all = Money::new(intent.captured_minor, payment.amount.currency);
    let refund = refunds::decide(tx, &payment, booking, all, reason).await?;
    Ok(FollowUp { refund: Some(refund), instructed: false })
}

/// The card is authorised: the host has to answer, or, if the nights are gone, the authorisation is given up. So it is
/// where it was already decided to give the attempt up: the host must not hear of a request that is about to end.
async fn authorized(tx: &Tx, payment: &Payment, booking: &Booking, intent: &Intent) -> Result<FollowUp> {
    let now = store::clock::now(tx).await?;
    let answer_by = answer_by(tx, booking, intent, now).await?;
    if let Ok(to) = booking::next(booking.status, BookingEvent::Authorized)
        && payment.instruction != Some(Instruction::Cancel)
        && answer_by > now
        && takes_nights(tx, booking).await?
    {
        let hold_expires_at = Some(answer_by);
        let change = Change { event: BookingEvent::Authorized, by: Party::Guest, to, hold_expires_at };
        let booking = store::bookings::apply(tx, booking, &change).await?;
        store::outbox::insert(tx, EventKind::BookingRequested, &event_data(&booking, payment)).await?;
        return Ok(FollowUp::default());
    }
    store::payments::instruct(tx, payment.id, Instruction::Cancel).await?;
    Ok(FollowUp { refund: None, instructed: true })
}

/// The authorisation is gone: a request that rested on it has nothing left to be accepted for.
async fn released(tx: &Tx, booking: &Booking) -> Result<FollowUp> {
    if booking.status == BookingStatus::PendingHost {
        let to = BookingStatus::Expired;
        let change = Change { event: BookingEvent::Expired, by: Party::System, to, hold_expires_at: None };
        store::bookings::apply(tx, booking, &change).await?;
    }
    Ok(FollowUp::default())
}

/// Until when the host may answer: 24 hours, never past check-in, nor past what the card's authorisation allows.
async fn answer_by(tx: &Tx, booking: &Booking, intent: &Intent, now: Timestamp) -> Result<Timestamp> {
    let by_rule = (now + SignedDuration::from_hours(HOST_ANSWER_HOURS)).min(check_in_of(tx, booking).await?);
    Ok(intent.capture_before.map_or(by_rule, |limit| by_rule.min(limit)))
}

/// Whether the booking has its nights, or can take them back after its hold ran out: all of them are free and to come.
async fn takes_nights(tx: &Tx, booking: &Booking) -> Result<bool> {
    if booking.status.holds_nights() {
        return Ok(true);
    }
    store::bookings::lock_property(tx, booking.property_id).await?;
    let zone = arrival_of(tx, booking).await?.time_zone;
    if zone.date_at(store::clock::now(tx).await?) > booking.dates.check_in() {
        return Ok(false);
    }
    let (from, until) = (booking.dates.check_in(), booking.held_until);
    store::bookings::expire_overdue_on(tx, booking.property_id, from, until).await?;
    Ok(!store::bookings::nights_are_taken(tx, booking).await?)
}

/// When the guest may come.
pub(crate) async fn check_in_of(tx: &Tx, booking: &Booking) -> Result<Timestamp> {
    let arrival = arrival_of(tx, booking).await?;
    Ok(arrival.time_zone.instant(booking.dates.check_in(), arrival.check_in_time))
}

async fn booking_of(tx: &Tx, payment: &Payment) -> Result<Booking> {
    let booking = store::bookings::find_for_update(tx, payment.booking_id).await?;
    booking.ok_or_else(|| Error::internal("a payment of no booking"))
}

/// What events about a payment tell.
pub(crate) fn event_data(booking: &Booking, payment: &Payment) -> serde_json::Value {
    let mut data = bookings::event_data(booking);
    data["payment_id"] = json!(payment.id);
    data
}
