//! What hosts are paid, and where.

use async_graphql::connection::EmptyFields;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use domain::id::PayoutId;
use payments::payout_account::{CreatePayoutAccountIn, PayoutAccountOut};
use payments::payouts::json::PayoutOut;
use payments::payouts::list::ListParams;
use serde::{Deserialize, Serialize};
use serde_json::json;
use services::payouts::{ListFilter, Payout as StoredPayout};
use web::answers;

use crate::bookings::Booking;
use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{PayoutAccountStatus, PayoutStatus};
use crate::connections::{Item, Plain, connect, with_page};
use crate::loaders::BookingOf;
use crate::scalars::{DateTime, Money};
use crate::{limits, mutations, wire};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/payouts";

/// A part of what a stay has earned, to be sent to its host, or sent.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Payout {
    pub(crate) id: ID,
    host_id: ID,
    booking_id: ID,
    /// Which part of the booking's earnings, from 1: stays of 28 nights and more are paid for 30 nights at a time.
    instalment: i32,
    status: PayoutStatus,
    /// What the stay has earned.
    amount: Money,
    /// What of it is kept against what the host owes from other stays; the rest is sent.
    withheld: Money,
    /// What was taken back after it was sent, since the stay earned less after all.
    reversed: Money,
    /// From when on it is sent, once the host can be paid: 24 hours after check-in.
    due_at: DateTime,
    sent_at: Option<DateTime>,
    /// The provider's name of why it was refused last.
    failure: Option<String>,
    created_at: DateTime,
    updated_at: DateTime,
}

impl Payout {
    fn of(payout: &StoredPayout) -> domain::error::Result<Self> {
        wire::object(&PayoutOut::from(payout))
    }
}

#[ComplexObject]
impl Payout {
    /// What has earned it.
    async fn booking(&self, ctx: &Context<'_>) -> Result<Option<Booking>> {
        let booking = ctx.loaders().load_one(BookingOf(require_id(&self.booking_id)?)).await?;
        Ok(booking.as_ref().map(Booking::of).transpose()?)
    }
}

/// The payout of this id, to its host.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Payout>> {
    let actor = ctx.signed_in()?;
    let Some(id) = parse_id(id) else { return Ok(None) };
    let payout = if_visible(ctx.services().payout(actor, id).await)?;
    Ok(payout.as_ref().map(Payout::of).transpose()?)
}

/// A host's account with the payment provider.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct PayoutAccount {
    country: String,
    /// Payouts wait until it is `ENABLED`.
    status: PayoutAccountStatus,
    /// The provider's page on which the host tells what it asks for; good once and for a few minutes, and only in the
    /// answer to the mutation, which gives another whenever it is asked.
    onboarding_url: Option<String>,
    created_at: DateTime,
    updated_at: DateTime,
}

/// What hosts are paid.
#[derive(Default)]
pub(crate) struct PayoutQuery;

#[Object]
impl PayoutQuery {
    /// A payout; null when it is not the caller's to see.
    async fn payout(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Payout>> {
        find(ctx, &id).await
    }

    /// Own payouts as a host, newest first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn payouts(
        &self,
        ctx: &Context<'_>,
        booking_id: Option<ID>,
        status: Option<PayoutStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Payout>>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let filter = json!({ "booking_id": booking_id, "status": status });
        let arguments = with_page(filter.as_object().cloned().unwrap_or_default(), first, after);
        let ListParams { booking_id, status, page } = wire::read_params(LIST, &arguments)?;
        let before: Option<PayoutId> = page.position(services).await?;
        let limit = i64::from(page.limit) + 1;
        let found = services.payouts(&ListFilter { host_id: actor.user_id, booking_id, status, before, limit }).await?;
        let item =
            |payout: &StoredPayout| Ok(Item { position: payout.id, node: Payout::of(payout)?, edge: EmptyFields });
        let items = found.iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, before.is_some(), items).await?))
    }

    /// The own account with the payment provider, as it is there now; null when there is none.
    async fn payout_account(&self, ctx: &Context<'_>) -> Result<Option<PayoutAccount>> {
        let actor = ctx.signed_in()?;
        let view = if_visible(ctx.services().payout_account(actor).await)?;
        Ok(view.map(|view| wire::object(&PayoutAccountOut::from(&view))).transpose()?)
    }
}

/// Where the host lives, or does business.
#[derive(Serialize, InputObject)]
struct CreatePayoutAccountInput {
    /// ISO 3166-1 alpha-2. It can't be changed later.
    country: String,
    idempotency_key: Option<String>,
}

/// The account.
#[derive(SimpleObject)]
struct CreatePayoutAccountPayload {
    payout_account: PayoutAccount,
}

/// What hosts are paid.
#[derive(Default)]
pub(crate) struct PayoutMutation;

#[Object]
impl PayoutMutation {
    /// Be paid: open an account with the payment provider, or go on where its onboarding was left.
    async fn create_payout_account(
        &self,
        ctx: &Context<'_>,
        input: CreatePayoutAccountInput,
    ) -> Result<Option<CreatePayoutAccountPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createPayoutAccount", &input, key).await?;
        let CreatePayoutAccountIn { country } = wire::read(&input, &[])?;
        let answer = ctx
            .services()
            .create_payout_account(actor, &country, key.as_ref(), |outcome| {
                answers::of(outcome, |view| answers::ok(&PayoutAccountOut::from(view)))
            })
            .await?;
        Ok(Some(CreatePayoutAccountPayload { payout_account: mutations::answered(ctx, &answer)? }))
    }
}
