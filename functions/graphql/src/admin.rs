//! What the product's own people see: everything, by whatever they look for. Lists as REST has them, with its filters.

use ::admin::json::{AdminPaymentOut, AdminReviewOut, AdminUserOut, AuditEntryOut};
use ::admin::{audit_log, bookings, payments, properties, reviews, users};
use async_graphql::connection::EmptyFields;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, OutputType, Result, SimpleObject};
use domain::id::{AuditId, BookingId, PaymentId, PropertyId, ReviewId, UserId};
use serde::{Deserialize, Serialize};
use services::Actor;
use services::admin::{
    AuditFilter, BookingFilter, PaymentFilter, PropertyFilter, ReviewFilter, UserFilter, require_admin,
};
use services::properties::PropertyView;
use web::{FromParams, PageRequest};

use crate::avatars::Avatar;
use crate::bookings::Booking;
use crate::caller::{RequestExt, require_id};
use crate::codes::{AccountStatus, BookingStatus, IntentStatus, PropertyStatus, Role};
use crate::connections::{Item, Plain, connect, with_page};
use crate::loaders::ProfileOf;
use crate::payments::Payment;
use crate::properties::Property;
use crate::reviews::Review;
use crate::scalars::{Currency, Date, DateTime};
use crate::users::User;
use crate::{limits, wire};

/// An account, as admins see it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct AdminUser {
    id: ID,
    email: String,
    email_verified: bool,
    first_name: String,
    last_name: String,
    /// E.164.
    phone: Option<String>,
    /// BCP 47.
    locale: String,
    /// IANA.
    time_zone: Option<String>,
    currency: Currency,
    bio: Option<String>,
    /// BCP 47.
    languages: Vec<String>,
    /// Whether it is suspended or not.
    avatar: Option<Avatar>,
    role: Role,
    /// Whether signing in takes a second factor.
    totp_enabled: bool,
    status: AccountStatus,
    suspended_at: Option<DateTime>,
    created_at: DateTime,
    updated_at: DateTime,
}

/// A property in whatever state, as its host sees it.
#[derive(Clone, Debug, SimpleObject)]
struct AdminProperty {
    property: Property,
}

/// A review, whoever else may read it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct AdminReview {
    #[serde(flatten)]
    review: Review,
    /// Since when an admin keeps it out of sight.
    hidden_at: Option<DateTime>,
    /// How many have reported it.
    reports: i32,
}

/// An attempt to pay, and by whom.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct AdminPayment {
    #[serde(flatten)]
    payment: Payment,
    payer_id: ID,
    /// Whether the money was not what was asked for, so that only admins decide about it.
    quarantined: bool,
}

/// Something an admin did.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
struct AuditEntry {
    id: ID,
    /// The admin; null: the operator, by a command.
    actor_id: Option<ID>,
    /// Such as `user.suspend`.
    action: String,
    /// The id of what it was done to.
    subject_id: ID,
    /// In the admin's words.
    reason: Option<String>,
    created_at: DateTime,
}

#[ComplexObject]
impl AuditEntry {
    /// The admin.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = &self.actor_id else { return Ok(None) };
        let actor = ctx.loaders().load_one(ProfileOf(require_id(id)?)).await?;
        Ok(actor.as_ref().map(User::of).transpose()?)
    }
}

/// Which users.
#[derive(Default, Serialize, InputObject)]
struct AdminUserFilter {
    /// The whole address, in whatever case.
    email: Option<String>,
    /// A part of address or name.
    q: Option<String>,
    role: Option<Role>,
    status: Option<AccountStatus>,
    email_verified: Option<bool>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// Which properties.
#[derive(Default, Serialize, InputObject)]
struct AdminPropertyFilter {
    host_id: Option<ID>,
    status: Option<PropertyStatus>,
    /// A part of title or town.
    q: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// Which bookings.
#[derive(Default, Serialize, InputObject)]
struct AdminBookingFilter {
    guest_id: Option<ID>,
    host_id: Option<ID>,
    property_id: Option<ID>,
    status: Option<BookingStatus>,
    /// Stays that end after this date.
    from: Option<Date>,
    /// Stays that begin before this date.
    to: Option<Date>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// Which reviews.
#[derive(Default, Serialize, InputObject)]
struct AdminReviewFilter {
    property_id: Option<ID>,
    author_id: Option<ID>,
    subject_id: Option<ID>,
    /// Whether an admin keeps it out of sight.
    hidden: Option<bool>,
    /// Whether anybody has reported it.
    reported: Option<bool>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// Which payments.
#[derive(Default, Serialize, InputObject)]
struct AdminPaymentFilter {
    booking_id: Option<ID>,
    payer_id: Option<ID>,
    status: Option<IntentStatus>,
    disputed: Option<bool>,
    quarantined: Option<bool>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// Which acts of admins.
#[derive(Default, Serialize, InputObject)]
struct AuditLogFilter {
    /// The admin.
    actor_id: Option<ID>,
    /// The id of what it was done to.
    subject: Option<ID>,
    /// Such as `user.suspend`.
    action: Option<String>,
    created_from: Option<DateTime>,
    created_to: Option<DateTime>,
}

/// The caller, who must be an admin, and a list's filters and page, read by REST's parser.
fn asked<'a, P: FromParams>(
    ctx: &'a Context<'_>,
    list: &str,
    filter: &Option<impl Serialize>,
    first: Option<i32>,
    after: Option<String>,
) -> domain::error::Result<(&'a Actor, P)> {
    let actor = ctx.signed_in()?;
    require_admin(actor)?;
    let filter = serde_json::to_value(filter).map_err(domain::error::Error::internal)?;
    let arguments = with_page(filter.as_object().cloned().unwrap_or_default(), first, after);
    Ok((actor, wire::read_params(list, &arguments).map_err(wire::below_filter)?))
}

/// The connection of what was found, each with its place in the list.
async fn connected<T, Id: Serialize, Node: OutputType>(
    ctx: &Context<'_>,
    page: &PageRequest,
    before: Option<Id>,
    found: &[T],
    shown: impl Fn(&T) -> domain::error::Result<(Id, Node)>,
) -> Result<Option<Plain<Node>>> {
    let item = |one: &T| shown(one).map(|(position, node)| Item { position, node, edge: EmptyFields });
    let items = found.iter().map(item).collect::<domain::error::Result<_>>()?;
    Ok(Some(connect(ctx.services(), page, before.is_some(), items).await?))
}

/// For admins; `forbidden` to everybody else.
#[derive(Default)]
pub(crate) struct AdminQuery;

#[Object]
impl AdminQuery {
    /// All users, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn admin_users(
        &self,
        ctx: &Context<'_>,
        filter: Option<AdminUserFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<AdminUser>>> {
        let (actor, asked): (_, users::ListParams) = asked(ctx, "/graphql/adminUsers", &filter, first, after)?;
        let before: Option<UserId> = asked.page.position(ctx.services()).await?;
        let filter = UserFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().admin_users(actor, &filter).await?;
        let shown = |user: &services::users::User| Ok((user.id, wire::object(&AdminUserOut::from(user))?));
        connected(ctx, &asked.page, before, &found, shown).await
    }

    /// All properties in whatever state, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn admin_properties(
        &self,
        ctx: &Context<'_>,
        filter: Option<AdminPropertyFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<AdminProperty>>> {
        let (actor, asked): (_, properties::ListParams) =
            asked(ctx, "/graphql/adminProperties", &filter, first, after)?;
        let before: Option<PropertyId> = asked.page.position(ctx.services()).await?;
        let filter = PropertyFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().admin_properties(actor, &filter).await?;
        let views: Vec<_> = found.into_iter().map(|property| PropertyView { property, exact_place: true }).collect();
        let shown = |view: &PropertyView| Ok((view.property.id, AdminProperty { property: Property::of(view)? }));
        connected(ctx, &asked.page, before, &views, shown).await
    }

    /// All bookings, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn admin_bookings(
        &self,
        ctx: &Context<'_>,
        filter: Option<AdminBookingFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Booking>>> {
        let (actor, asked): (_, bookings::ListParams) = asked(ctx, "/graphql/adminBookings", &filter, first, after)?;
        let before: Option<BookingId> = asked.page.position(ctx.services()).await?;
        let filter = BookingFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().admin_bookings(actor, &filter).await?;
        connected(ctx, &asked.page, before, &found, |booking| Ok((booking.id, Booking::of(booking)?))).await
    }

    /// All reviews, published or not, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn admin_reviews(
        &self,
        ctx: &Context<'_>,
        filter: Option<AdminReviewFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<AdminReview>>> {
        let (actor, asked): (_, reviews::ListParams) = asked(ctx, "/graphql/adminReviews", &filter, first, after)?;
        let before: Option<ReviewId> = asked.page.position(ctx.services()).await?;
        let filter = ReviewFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().admin_reviews(actor, &filter).await?;
        let shown =
            |view: &services::admin::ReviewView| Ok((view.review.id, wire::object(&AdminReviewOut::of(view, actor))?));
        connected(ctx, &asked.page, before, &found, shown).await
    }

    /// All payments, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn admin_payments(
        &self,
        ctx: &Context<'_>,
        filter: Option<AdminPaymentFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<AdminPayment>>> {
        let (actor, asked): (_, payments::ListParams) = asked(ctx, "/graphql/adminPayments", &filter, first, after)?;
        let before: Option<PaymentId> = asked.page.position(ctx.services()).await?;
        let filter = PaymentFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().admin_payments(actor, &filter).await?;
        let shown =
            |view: &services::payments::PaymentView| Ok((view.payment.id, wire::object(&AdminPaymentOut::from(view))?));
        connected(ctx, &asked.page, before, &found, shown).await
    }

    /// What admins have done, newest first, for admins.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        filter: Option<AuditLogFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<AuditEntry>>> {
        let (actor, asked): (_, audit_log::ListParams) = asked(ctx, "/graphql/auditLog", &filter, first, after)?;
        let before: Option<AuditId> = asked.page.position(ctx.services()).await?;
        let filter = AuditFilter { before, limit: i64::from(asked.page.limit) + 1, ..asked.filter };
        let found = ctx.services().audit_log(actor, &filter).await?;
        let shown = |entry: &services::admin::AuditEntry| Ok((entry.id, wire::object(&AuditEntryOut::from(entry))?));
        connected(ctx, &asked.page, before, &found, shown).await
    }
}
