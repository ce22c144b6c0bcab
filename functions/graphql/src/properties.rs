//! Places to stay: one, and what its host does with it.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use properties::create_json::CreatePropertyIn;
use properties::json::PropertyOut;
use serde::{Deserialize, Serialize};
use services::properties::{PropertyDetails, PropertyView, create, list, unlist};
use services::{Answer, SavedAnswer, Tx};
use web::answers;

use crate::calendar::{self, CalendarDay};
use crate::calendar_exports::{self, CalendarExport};
use crate::calendar_feeds::{self, Feed};
use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{CancellationPolicy, PropertyKind, PropertyStatus, RoomType};
use crate::connections::Plain;
use crate::loaders::ProfileOf;
use crate::photos::Photo;
use crate::property_input::CreatePropertyInput;
use crate::quotes::{self, Quote};
use crate::reviews::{self, CategoryRatings, Review};
use crate::scalars::{Currency, Date, DateTime, Money, TimeOfDay};
use crate::users::User;
use crate::{limits, mutations, wire};

/// Where a property is. Only its host and guests with a confirmed booking get the street and the exact point; everybody
/// else gets a point 150 to 400 m away, always the same.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Location {
    latitude: f64,
    longitude: f64,
    /// Whether this is the very place.
    exact: bool,
    street: Option<String>,
    city: Option<String>,
    region: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: String,
    postal_code: Option<String>,
}

/// What a guest above the threshold costs a night.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct ExtraGuestFee {
    /// Guests that cost nothing extra.
    after: i32,
    per_night: Money,
}

/// What guests say, in numbers.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Rating {
    /// Null while there is none.
    average: Option<f64>,
    count: i32,
    /// Averages of those that somebody rated.
    by_category: CategoryRatings,
}

/// A place to stay.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Property {
    pub(crate) id: ID,
    host_id: ID,
    status: PropertyStatus,
    title: Option<String>,
    description: Option<String>,
    kind: PropertyKind,
    room_type: RoomType,
    location: Option<Location>,
    /// IANA name; stay dates are dates in this zone.
    time_zone: String,
    max_guests: i32,
    bedrooms: i32,
    beds: i32,
    /// In steps of a half.
    bathrooms: f64,
    amenities: Vec<String>,
    house_rules: Option<String>,
    /// In order; those that are ready, and to the host the others too.
    photos: Vec<Photo>,
    check_in_time: TimeOfDay,
    check_out_time: TimeOfDay,
    /// Of all prices of the property.
    currency: Currency,
    base_price: Option<Money>,
    weekend_price: Option<Money>,
    weekly_discount_percent: i32,
    monthly_discount_percent: i32,
    cleaning_fee: Money,
    extra_guest_fee: Option<ExtraGuestFee>,
    min_nights: i32,
    max_nights: i32,
    advance_notice_hours: i32,
    preparation_nights: i32,
    booking_window_days: i32,
    instant_book: bool,
    pets_allowed: bool,
    cancellation_policy: CancellationPolicy,
    rating: Rating,
    created_at: DateTime,
    updated_at: DateTime,
}

impl Property {
    /// The property as its viewer may see it.
    pub(crate) fn of(view: &PropertyView) -> domain::error::Result<Self> {
        wire::object(&PropertyOut::from(view))
    }
}

#[ComplexObject]
impl Property {
    /// Who lets it.
    async fn host(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let host = ctx.loaders().load_one(ProfileOf(require_id(&self.host_id)?)).await?;
        Ok(host.as_ref().map(User::of).transpose()?)
    }

    /// What guests say, newest first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Review>>> {
        reviews::of_property_seen(ctx, require_id(&self.id)?, first, after).await
    }

    /// Which nights can be had, `from` in, `to` out, at most 400 days: from today and for 90 days unless given.
    #[graphql(complexity = "50 + child_complexity")]
    async fn calendar(
        &self,
        ctx: &Context<'_>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Option<Vec<CalendarDay>>> {
        calendar::of_property(ctx, &self.id, from, to).await
    }

    /// Where other sites read the calendar; to the host alone.
    #[graphql(complexity = "50 + child_complexity")]
    async fn calendar_export(&self, ctx: &Context<'_>) -> Result<Option<CalendarExport>> {
        calendar_exports::of_property(ctx, &self.id).await
    }

    /// Imported calendars of other sites, oldest first; to the host alone.
    #[graphql(complexity = "50 + child_complexity")]
    async fn feeds(&self, ctx: &Context<'_>) -> Result<Option<Vec<Feed>>> {
        calendar_feeds::of_property(ctx, &self.id).await
    }

    /// What a stay costs, line by line. `guests` are adults and children, 1 unless given.
    #[graphql(complexity = "50 + child_complexity")]
    async fn quote(
        &self,
        ctx: &Context<'_>,
        check_in: Date,
        check_out: Date,
        guests: Option<i32>,
    ) -> Result<Option<Quote>> {
        quotes::quote(ctx, &self.id, check_in, check_out, guests).await
    }
}

/// Places to stay.
#[derive(Default)]
pub(crate) struct PropertyQuery;

#[Object]
impl PropertyQuery {
    /// A property that is listed, or the caller's own.
    async fn property(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Property>> {
        find(ctx, &id).await
    }
}

/// The property of this id, if the caller may see it.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Property>> {
    let Some(id) = parse_id(id) else { return Ok(None) };
    let view = if_visible(ctx.services().property(ctx.actor(), id).await)?;
    Ok(view.as_ref().map(Property::of).transpose()?)
}

/// Which property to publish or to take off the market.
#[derive(Serialize, InputObject)]
struct PropertyActInput {
    property_id: ID,
    idempotency_key: Option<String>,
}

/// The property as it now is.
#[derive(SimpleObject)]
pub(crate) struct PropertyPayload {
    pub(crate) property: Property,
}

/// What hosts do.
#[derive(Default)]
pub(crate) struct PropertyMutation;

#[Object]
impl PropertyMutation {
    /// Draft a property.
    async fn create_property(&self, ctx: &Context<'_>, input: CreatePropertyInput) -> Result<Option<PropertyPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createProperty", &input, key).await?;
        let details = &PropertyDetails::from(wire::read::<CreatePropertyIn>(&input, &[])?);
        let work = |tx: Arc<Tx>| async move { create(&tx, actor, details).await };
        let answer = ctx.services().idempotently("properties.create", key.as_ref(), work, rendered).await?;
        payload(ctx, &answer)
    }

    /// Publish a draft or an unlisted property.
    async fn list_property(&self, ctx: &Context<'_>, input: PropertyActInput) -> Result<Option<PropertyPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "listProperty", &input, key).await?;
        let uploaded = ctx.services().uploaded_photo(actor, id).await?;
        let work = |tx: Arc<Tx>| async move { list(&tx, actor, id, uploaded).await };
        let answer = ctx.services().idempotently("properties.list", key.as_ref(), work, rendered).await?;
        payload(ctx, &answer)
    }

    /// Take a property off the market; its bookings stand.
    async fn unlist_property(&self, ctx: &Context<'_>, input: PropertyActInput) -> Result<Option<PropertyPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "unlistProperty", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { unlist(&tx, actor, id).await };
        let answer = ctx.services().idempotently("properties.unlist", key.as_ref(), work, rendered).await?;
        payload(ctx, &answer)
    }
}

fn rendered(outcome: domain::error::Result<&PropertyView, &domain::error::Error>) -> SavedAnswer {
    answers::of(outcome, |view| answers::ok(&PropertyOut::from(view)))
}

fn payload(ctx: &Context<'_>, answer: &Answer) -> Result<Option<PropertyPayload>> {
    Ok(Some(PropertyPayload { property: mutations::answered(ctx, answer)? }))
}
