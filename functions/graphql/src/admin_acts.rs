//! What the product's own people do: each act with a reason, in the audit log.

use std::sync::Arc;

use ::admin::json::{AdminReviewOut, AdminUserOut, ReasonIn};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::admin::AdminReason;
use domain::error::Error;
use domain::id::{PropertyId, ReviewId, UserId};
use properties::json::PropertyOut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use services::admin::ReviewView;
use services::properties::Property as StoredProperty;
use services::users::User;
use services::{Tx, hidden_reviews, suspensions};
use web::answers;

use crate::admin::{AdminReview, AdminUser};
use crate::caller::{RequestExt, require_id};
use crate::properties::Property;
use crate::{mutations, wire};

/// An account, and why.
#[derive(Serialize, InputObject)]
struct AdminUserActInput {
    user_id: ID,
    /// In words, for the audit log.
    reason: String,
    idempotency_key: Option<String>,
}

/// A property, and why.
#[derive(Serialize, InputObject)]
struct AdminPropertyActInput {
    property_id: ID,
    /// In words, for the audit log.
    reason: String,
    idempotency_key: Option<String>,
}

/// A review, and why.
#[derive(Serialize, InputObject)]
struct AdminReviewActInput {
    review_id: ID,
    /// In words, for the audit log.
    reason: String,
    idempotency_key: Option<String>,
}

/// The account as it now is.
#[derive(SimpleObject)]
struct AdminUserPayload {
    user: AdminUser,
}

/// The property as it now is.
#[derive(SimpleObject)]
struct AdminPropertyPayload {
    property: Property,
}

/// The review as it now is.
#[derive(SimpleObject)]
struct AdminReviewPayload {
    review: AdminReview,
}

/// Why, by REST's parser.
fn reason(input: &impl Serialize, subject: &str) -> domain::error::Result<AdminReason> {
    wire::read::<ReasonIn>(input, &[subject]).map(|body| body.reason)
}

/// Acts under the admin's key, and gives what was acted on.
async fn act<T, F, N: DeserializeOwned, J: Serialize>(
    ctx: &Context<'_>,
    (mutation, name): (&str, &'static str),
    (input, key): (&impl Serialize, Option<&str>),
    work: impl Fn(Arc<Tx>) -> F,
    render: impl Fn(&T) -> J,
) -> Result<N>
where
    F: Future<Output = domain::error::Result<T>>,
{
    let key = mutations::optional_key(ctx, Some(ctx.signed_in()?), mutation, input, key).await?;
    let answer = |outcome: domain::error::Result<&T, &Error>| answers::of(outcome, |found| answers::ok(&render(found)));
    let answer = ctx.services().idempotently(name, key.as_ref(), work, answer).await?;
    mutations::answered(ctx, &answer)
}

/// For admins; `forbidden` to everybody else.
#[derive(Default)]
pub(crate) struct AdminMutation;

#[Object]
impl AdminMutation {
    /// Shut an account: its sessions end, nobody signs in to it, and its listings vanish. Its bookings stand.
    async fn suspend_user(&self, ctx: &Context<'_>, input: AdminUserActInput) -> Result<Option<AdminUserPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<UserId>(&input.user_id)?);
        let reason = &reason(&input, "user_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { suspensions::suspend_user(&tx, actor, id, reason).await };
        let names = ("suspendUser", "admin.suspend_user");
        let user = act(ctx, names, asked, work, |user: &User| AdminUserOut::from(user)).await?;
        ctx.services().end_sessions_of_suspended(id).await;
        Ok(Some(AdminUserPayload { user }))
    }

    /// Open an account again; its listings are back as they were.
    async fn restore_user(&self, ctx: &Context<'_>, input: AdminUserActInput) -> Result<Option<AdminUserPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<UserId>(&input.user_id)?);
        let reason = &reason(&input, "user_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { suspensions::restore_user(&tx, actor, id, reason).await };
        let names = ("restoreUser", "admin.restore_user");
        let user = act(ctx, names, asked, work, |user: &User| AdminUserOut::from(user)).await?;
        Ok(Some(AdminUserPayload { user }))
    }

    /// Take a property out of sight, whatever its host does. Its bookings stand.
    async fn suspend_property(
        &self,
        ctx: &Context<'_>,
        input: AdminPropertyActInput,
    ) -> Result<Option<AdminPropertyPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<PropertyId>(&input.property_id)?);
        let reason = &reason(&input, "property_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { suspensions::suspend_property(&tx, actor, id, reason).await };
        let names = ("suspendProperty", "admin.suspend_property");
        let property = act(ctx, names, asked, work, |found: &StoredProperty| PropertyOut::of(found, true)).await?;
        Ok(Some(AdminPropertyPayload { property }))
    }

    /// Put a property back to where it was; while its host is suspended it stays so too.
    async fn restore_property(
        &self,
        ctx: &Context<'_>,
        input: AdminPropertyActInput,
    ) -> Result<Option<AdminPropertyPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<PropertyId>(&input.property_id)?);
        let reason = &reason(&input, "property_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { suspensions::restore_property(&tx, actor, id, reason).await };
        let names = ("restoreProperty", "admin.restore_property");
        let property = act(ctx, names, asked, work, |found: &StoredProperty| PropertyOut::of(found, true)).await?;
        Ok(Some(AdminPropertyPayload { property }))
    }

    /// Take a review out of sight: it is neither shown nor counted.
    async fn hide_review(&self, ctx: &Context<'_>, input: AdminReviewActInput) -> Result<Option<AdminReviewPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<ReviewId>(&input.review_id)?);
        let reason = &reason(&input, "review_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { hidden_reviews::hide(&tx, actor, id, reason).await };
        let names = ("hideReview", "admin.hide_review");
        let review = act(ctx, names, asked, work, |view: &ReviewView| AdminReviewOut::of(view, actor)).await?;
        Ok(Some(AdminReviewPayload { review }))
    }

    /// Put a review back: it is shown and counted again.
    async fn restore_review(
        &self,
        ctx: &Context<'_>,
        input: AdminReviewActInput,
    ) -> Result<Option<AdminReviewPayload>> {
        let (actor, id) = (ctx.signed_in()?, require_id::<ReviewId>(&input.review_id)?);
        let reason = &reason(&input, "review_id")?;
        let asked = (&input, input.idempotency_key.as_deref());
        let work = |tx: Arc<Tx>| async move { hidden_reviews::restore(&tx, actor, id, reason).await };
        let names = ("restoreReview", "admin.restore_review");
        let review = act(ctx, names, asked, work, |view: &ReviewView| AdminReviewOut::of(view, actor)).await?;
        Ok(Some(AdminReviewPayload { review }))
    }
}
