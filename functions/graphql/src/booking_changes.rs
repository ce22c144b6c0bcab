//! Changes of confirmed stays.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use bookings::change_json::{ChangeIn, ChangeOut};
use domain::error::Error;
use serde::{Deserialize, Serialize};
use services::booking_changes::{
    BookingChange as StoredChange, ChangeRequest, accept_change, decline_change, withdraw_change,
};
use services::{Answer, SavedAnswer, Tx};
use web::answers;

use crate::booking_mutations::GuestsInput;
use crate::bookings::Guests;
use crate::caller::{RequestExt, require_id};
use crate::codes::{BookingChangeStatus, Party};
use crate::quotes::Price;
use crate::scalars::{Date, DateTime, Money};
use crate::{mutations, wire};

/// Other dates or guests for a confirmed stay; to its guest and its host.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct BookingChange {
    id: ID,
    booking_id: ID,
    status: BookingChangeStatus,
    /// `GUEST` or `HOST`; the other one answers.
    proposed_by: Party,
    check_in: Date,
    check_out: Date,
    nights: i32,
    guests: Guests,
    /// The price the stay then has.
    price: Price,
    /// The new total less the one before: above zero the guest pays it before the change takes effect, below zero it
    /// goes back.
    difference: Money,
    /// While it is open: until when it can be answered, or paid for once it is accepted. So long the nights are held.
    expires_at: Option<DateTime>,
    /// The attempt to pay the difference that was made last.
    payment_id: Option<ID>,
    created_at: DateTime,
    updated_at: DateTime,
}

impl BookingChange {
    /// The change, whose viewer may see it.
    pub(crate) fn of(change: &StoredChange) -> domain::error::Result<Self> {
        wire::object(&ChangeOut::from(change))
    }
}

/// What a stay shall be.
#[derive(Serialize, InputObject)]
struct ProposeBookingChangeInput {
    booking_id: ID,
    /// Arrival, a date at the property.
    check_in: Date,
    /// Departure.
    check_out: Date,
    guests: GuestsInput,
    idempotency_key: Option<String>,
}

/// The booking whose change is answered, or taken back.
#[derive(Serialize, InputObject)]
struct BookingChangeInput {
    booking_id: ID,
    idempotency_key: Option<String>,
}

/// The change as it now is.
#[derive(SimpleObject)]
struct BookingChangePayload {
    change: BookingChange,
}

/// Changes of stays.
#[derive(Default)]
pub(crate) struct BookingChangeMutation;

#[Object]
impl BookingChangeMutation {
    /// Propose other dates or guests for a confirmed stay; the other side answers. The nights it adds are held for 24
    /// hours at most.
    async fn propose_booking_change(
        &self,
        ctx: &Context<'_>,
        input: ProposeBookingChangeInput,
    ) -> Result<Option<BookingChangePayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "proposeBookingChange", &input, key).await?;
        let request = &ChangeRequest::from(wire::read::<ChangeIn>(&input, &["booking_id"])?);
        let work = |tx: Arc<Tx>| async move { services.propose_change(&tx, actor, id, request).await };
        let answer = services.idempotently("bookings.propose_change", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }

    /// Accept the change that the other side has proposed. Where the stay is not dearer it is changed at once, and what
    /// it is cheaper goes back; else once the guest has paid the difference, within 24 hours at most.
    async fn accept_booking_change(
        &self,
        ctx: &Context<'_>,
        input: BookingChangeInput,
    ) -> Result<Option<BookingChangePayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "acceptBookingChange", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { accept_change(&tx, actor, id).await };
        let answer = services.idempotently("bookings.accept_change", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }

    /// Decline the change that the other side has proposed: the nights it added are free at once.
    async fn decline_booking_change(
        &self,
        ctx: &Context<'_>,
        input: BookingChangeInput,
    ) -> Result<Option<BookingChangePayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "declineBookingChange", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { decline_change(&tx, actor, id).await };
        let answer = services.idempotently("bookings.decline_change", key.as_ref(), work, rendered).await?;
        payload(ctx, &answer)
    }

    /// Take a change back: for who proposed it, and for the guest who does not want to pay for it after all.
    async fn withdraw_booking_change(
        &self,
        ctx: &Context<'_>,
        input: BookingChangeInput,
    ) -> Result<Option<BookingChangePayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.booking_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "withdrawBookingChange", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { withdraw_change(&tx, actor, id, |_| Ok(())).await };
        let answer = services.idempotently("bookings.withdraw_change", key.as_ref(), work, rendered).await?;
        services.carry_out_for(id).await;
        payload(ctx, &answer)
    }
}

fn rendered(outcome: domain::error::Result<&StoredChange, &Error>) -> SavedAnswer {
    answers::of(outcome, |change| answers::ok(&ChangeOut::from(change)))
}

fn payload(ctx: &Context<'_>, answer: &Answer) -> Result<Option<BookingChangePayload>> {
    Ok(Some(BookingChangePayload { change: mutations::answered(ctx, answer)? }))
}
