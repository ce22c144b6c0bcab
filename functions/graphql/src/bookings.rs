//! Stays.

use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};
use bookings::json::BookingOut;
use domain::booking::BookingStatus as StoredStatus;
use domain::error::ErrorCode;
use domain::id::{BookingId, PropertyId};
use domain::stay::parse_date;
use jiff::civil::Date as CivilDate;
use serde::Deserialize;
use serde_json::json;
use services::bookings::{Booking as StoredBooking, ListFilter, ListRole};
use web::fields::Read;
use web::params::text;
use web::{FromParams, PageRequest, Params};

use crate::booking_changes::BookingChange;
use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{BookingStatus, CancellationPolicy, Party, PriceLineCode};
use crate::connections::{Item, Plain, connect, with_page};
use crate::loaders::{ChangeOf, PaymentsOf, ProfileOf, PropertyOf};
use crate::payments::Payment;
use crate::properties::Property;
use crate::quotes::Price;
use crate::scalars::{Date, DateTime, Money};
use crate::threads::Message;
use crate::users::User;
use crate::{limits, threads, wire};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/bookings";

/// Who comes. Adults and children count as guests; infants and pets do not.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Guests {
    adults: i32,
    children: i32,
    infants: i32,
    pets: i32,
}

/// One thing that happened to a booking.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct TimelineEntry {
    at: DateTime,
    event: String,
    by: Party,
}

/// What one line of the price gives back.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct CancellationLine {
    code: PriceLineCode,
    paid: Money,
    refund: Money,
}

/// What calling a booking off now would give back.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Cancellation {
    refund: Money,
    lines: Vec<CancellationLine>,
    /// When it becomes another.
    next_change_at: Option<DateTime>,
    refund_after_next_change: Option<Money>,
}

/// A stay booked, or being booked; to its guest and its host.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Booking {
    pub(crate) id: ID,
    property_id: ID,
    guest_id: ID,
    host_id: ID,
    status: BookingStatus,
    check_in: Date,
    check_out: Date,
    nights: i32,
    guests: Guests,
    price: Price,
    /// As it was when the stay was booked.
    cancellation_policy: CancellationPolicy,
    /// Until when an unpaid or unanswered booking holds its nights.
    hold_expires_at: Option<DateTime>,
    /// The attempt to pay that was made last.
    payment_id: Option<ID>,
    cancelled_by: Option<Party>,
    /// What happened, oldest first.
    timeline: Vec<TimelineEntry>,
    created_at: DateTime,
    updated_at: DateTime,
}

impl Booking {
    /// The booking, whose viewer may see it.
    pub(crate) fn of(booking: &StoredBooking) -> domain::error::Result<Self> {
        wire::object(&BookingOut::from(booking))
    }

    async fn all_payments(&self, ctx: &Context<'_>) -> Result<Vec<Payment>> {
        let views = ctx.loaders().load_one(PaymentsOf(require_id(&self.id)?)).await?.unwrap_or_default();
        Ok(views.iter().map(Payment::of).collect::<domain::error::Result<_>>()?)
    }
}

#[ComplexObject]
impl Booking {
    /// Where; null when it is no longer to be seen.
    async fn property(&self, ctx: &Context<'_>) -> Result<Option<Property>> {
        let view = ctx.loaders().load_one(PropertyOf(require_id(&self.property_id)?)).await?;
        Ok(view.as_ref().map(Property::of).transpose()?)
    }

    /// Who travels.
    async fn guest(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let guest = ctx.loaders().load_one(ProfileOf(require_id(&self.guest_id)?)).await?;
        Ok(guest.as_ref().map(User::of).transpose()?)
    }

    /// Whose place it is.
    async fn host(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let host = ctx.loaders().load_one(ProfileOf(require_id(&self.host_id)?)).await?;
        Ok(host.as_ref().map(User::of).transpose()?)
    }

    /// The attempt to pay that was made last.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<Payment>> {
        let payments = self.all_payments(ctx).await?;
        Ok(payments.into_iter().find(|payment| Some(&payment.id) == self.payment_id.as_ref()))
    }

    /// All attempts to pay, newest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn payments(&self, ctx: &Context<'_>) -> Result<Vec<Payment>> {
        self.all_payments(ctx).await
    }

    /// What guest and host write to each other about the property, newest first; to the two of them alone.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Message>>> {
        let viewer = ID::from(ctx.signed_in()?.user_id);
        if ![&self.guest_id, &self.host_id].contains(&&viewer) {
            return Ok(None);
        }
        threads::messages_of_booking(ctx, require_id(&self.id)?, first, after).await.map(Some)
    }

    /// The newest change of it, whatever became of that; null when none was ever proposed.
    async fn change(&self, ctx: &Context<'_>) -> Result<Option<BookingChange>> {
        let change = ctx.loaders().load_one(ChangeOf(require_id(&self.id)?)).await?;
        Ok(change.as_ref().map(BookingChange::of).transpose()?)
    }

    /// What calling it off now would give back; null when it can't be called off.
    #[graphql(complexity = "50 + child_complexity")]
    async fn cancellation(&self, ctx: &Context<'_>) -> Result<Option<Cancellation>> {
        match ctx.services().cancellation_preview(ctx.signed_in()?, require_id(&self.id)?).await {
            Ok(preview) => Ok(Some(wire::object(&preview)?)),
            Err(error) if error.code() == ErrorCode::InvalidState => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The booking of this id, if the caller may see it.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Booking>> {
    let actor = ctx.signed_in()?;
    let Some(id) = parse_id(id) else { return Ok(None) };
    let booking = if_visible(ctx.services().booking(actor, id).await)?;
    Ok(booking.as_ref().map(Booking::of).transpose()?)
}

struct ListParams {
    role: ListRole,
    status: Option<StoredStatus>,
    property_id: Option<PropertyId>,
    from: Option<CivilDate>,
    to: Option<CivilDate>,
    page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        // Only an enum of the schema comes this far.
        let role = params.optional("role", |role| Ok(if role == "host" { ListRole::Host } else { ListRole::Guest }));
        let status = params.optional("status", text);
        let property_id = params.optional("property_id", text);
        let from = params.optional("from", parse_date);
        let to = params.optional("to", parse_date);
        let page = params.page();
        Ok(Self {
            role: role?.unwrap_or(ListRole::Guest),
            status: status?,
            property_id: property_id?,
            from: from?,
            to: to?,
            page: page?,
        })
    }
}

/// In which part the caller is asked about.
#[derive(Clone, Copy, PartialEq, Eq, async_graphql::Enum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum BookingRole {
    /// Stays the caller travels on.
    Guest,
    /// Stays at the caller's places.
    Host,
}

/// Stays.
#[derive(Default)]
pub(crate) struct BookingQuery;

#[Object]
impl BookingQuery {
    /// A booking, to its guest and its host.
    async fn booking(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Booking>> {
        find(ctx, &id).await
    }

    /// Own bookings, newest first; as a guest unless asked otherwise. `from` keeps stays that end after it, `to` those that
    /// begin before it.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn bookings(
        &self,
        ctx: &Context<'_>,
        role: Option<BookingRole>,
        status: Option<BookingStatus>,
        property_id: Option<ID>,
        from: Option<Date>,
        to: Option<Date>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Booking>>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let filter = json!({ "role": role, "status": status, "property_id": property_id, "from": from, "to": to });
        let arguments = with_page(filter.as_object().cloned().unwrap_or_default(), first, after);
        let ListParams { role, status, property_id, from, to, page } = wire::read_params(LIST, &arguments)?;
        let before: Option<BookingId> = page.position(services).await?;
        let limit = i64::from(page.limit) + 1;
        let filter = ListFilter { user_id: actor.user_id, role, status, property_id, from, to, before, limit };
        let found = services.bookings(&filter).await?;
        let item = |booking: &StoredBooking| {
            let edge = async_graphql::connection::EmptyFields;
            Ok(Item { position: booking.id, node: Booking::of(booking)?, edge })
        };
        let items = found.iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, before.is_some(), items).await?))
    }
}
