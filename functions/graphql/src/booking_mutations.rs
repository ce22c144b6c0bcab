//! What guests and hosts do with stays.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use bookings::cancel::CancelIn;
use bookings::json::{BookingOut, CreateBookingIn};
use domain::error::Error;
use serde::Serialize;
use services::bookings::{Booking as StoredBooking, BookingRequest, booking_in};
use services::cancellations::cancel;
use services::host_answers::{accept, decline};
use services::no_shows::report_no_show;
use services::{Answer, SavedAnswer, Tx};
use web::answers;

use crate::bookings::Booking;
use crate::caller::{RequestExt, require_id};
use crate::scalars::{Date, MoneyInput};
use crate::{mutations, wire};

/// Who comes. Adults and children count as guests; infants and pets do not.
#[derive(Serialize, InputObject)]
pub(crate) struct GuestsInput {
    adults: i32,
    children: Option<i32>,
    infants: Option<i32>,
    pets: Option<i32>,
}

/// A stay to book.
#[derive(Serialize, InputObject)]
struct CreateBookingInput {
    property_id: ID,
    /// Arrival, a date at the property.
    check_in: Date,
    /// Departure.
    check_out: Date,
    guests: GuestsInput,
    /// Words to the host.
    message: Option<String>,
    /// From the quote the guest was shown; another price is refused.
    quote_id: Option<String>,
    /// The total the guest was shown; another one is refused.
    expected_total: Option<MoneyInput>,
    /// Required.
    idempotency_key: Option<String>,
}

/// The request to answer.
#[derive(Serialize, InputObject)]
struct AnswerBookingInput {
    booking_id: ID,
    idempotency_key: Option<String>,
}

/// The booking to call off.
#[derive(Serialize, InputObject)]
struct CancelBookingInput {
    booking_id: ID,
    /// At most 500 characters.
    reason: Option<String>,
    idempotency_key: Option<String>,
}

/// The booking whose guest never came.
#[derive(Serialize, InputObject)]
struct ReportNoShowInput {
    booking_id: ID,
    idempotency_key: Option<String>,
}

/// The booking as it now is.
#[derive(SimpleObject)]
struct BookingPayload {
    booking: Booking,
}

/// Stays.
#[derive(Default)]
pub(crate) struct BookingMutation;

#[Object]
impl BookingMutation {
    /// Book a stay. The nights are held for 15 minutes while the guest pays.
    async fn create_booking(&self, ctx: &Context<'_>, input: CreateBookingInput) -> Result<Option<BookingPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let key = input.idempotency_key.as_deref();
        let key = mutations::required_key(ctx, actor, "createBooking", &input, key).await?;
        let request = &BookingRequest::from(wire::read::<CreateBookingIn>(&input, &[])?);
        let answer = services.book(actor, request, key.as_ref(), rendered).await?;
        payload(ctx, &answer)
    }

    /// Accept a request: the card is charged, and the booking confirmed when the money is captured.
    async fn accept_booking(&self, ctx: &Context<'_>, input: AnswerBookingInput) -> Result<Option<BookingPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "acceptBooking", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { accept(&tx, actor, id).await };
        let accepted = services.idempotently("bookings.accept", key.as_ref(), work, rendered).await?;
        if accepted.replayed || accepted.saved.status != 200 {
            return payload(ctx, &accepted);
        }
        services.carry_out_for(id).await;
        let now = |tx: Arc<Tx>| async move { booking_in(&tx, id).await };
        let answer = services.answer_anew("bookings.accepted", key.as_ref(), now, object).await?;
        payload(ctx, &answer)
    }

    /// Decline a request: the nights are free at once, and the card is not charged.
    async fn decline_booking(&self, ctx: &Context<'_>, input: AnswerBookingInput) -> Result<Option<BookingPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "declineBooking", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { decline(&tx, actor, id).await };
        let answer = services.idempotently("bookings.decline", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }

    /// Call a booking off. What its `cancellation` said goes back to the guest.
    async fn cancel_booking(&self, ctx: &Context<'_>, input: CancelBookingInput) -> Result<Option<BookingPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "cancelBooking", &input, key).await?;
        let CancelIn { reason } = wire::read(&input, &["booking_id"])?;
        let reason = reason.as_deref();
        let work = |tx: Arc<Tx>| async move { cancel(&tx, actor, id, reason).await };
        let answer = services.idempotently("bookings.cancel", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }

    /// Report that the guest never came: for the host, from the day after check-in at the property. The nights that are
    /// left are free, and nothing is given back.
    async fn report_no_show(&self, ctx: &Context<'_>, input: ReportNoShowInput) -> Result<Option<BookingPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "reportNoShow", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { report_no_show(&tx, actor, id).await };
        let answer = services.idempotently("bookings.no_show", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }
}

fn object(booking: &StoredBooking) -> SavedAnswer {
    answers::ok(&BookingOut::from(booking))
}

fn rendered(outcome: domain::error::Result<&StoredBooking, &Error>) -> SavedAnswer {
    answers::of(outcome, object)
}

fn payload(ctx: &Context<'_>, answer: &Answer) -> Result<Option<BookingPayload>> {
    Ok(Some(BookingPayload { booking: mutations::answered(ctx, answer)? }))
}
