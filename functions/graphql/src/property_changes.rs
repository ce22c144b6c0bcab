//! What a host changes of a property that is there: its fields, one by one, and its end.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use properties::update_json::UpdatePropertyIn;
use serde::Serialize;
use services::Tx;
use services::property_changes::{PropertyPatch, archive, update};

use crate::caller::{RequestExt, require_id};
use crate::codes::{CancellationPolicy, PropertyKind, RoomType};
use crate::properties::{Property, PropertyPayload};
use crate::property_input::{ExtraGuestFeeInput, LocationInput};
use crate::scalars::{Currency, MoneyInput, TimeOfDay};
use crate::wire;

/// What changes: what is left out stays, null empties what may be empty.
#[derive(Serialize, InputObject)]
struct UpdatePropertyInput {
    property_id: ID,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    title: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    description: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    kind: MaybeUndefined<PropertyKind>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    room_type: MaybeUndefined<RoomType>,
    /// The whole of it.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    location: MaybeUndefined<LocationInput>,
    /// IANA name.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    time_zone: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    max_guests: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    bedrooms: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    beds: MaybeUndefined<i32>,
    /// In steps of a half.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    bathrooms: MaybeUndefined<f64>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    amenities: MaybeUndefined<Vec<String>>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    house_rules: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    check_in_time: MaybeUndefined<TimeOfDay>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    check_out_time: MaybeUndefined<TimeOfDay>,
    /// Another one takes all prices anew.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    currency: MaybeUndefined<Currency>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    base_price: MaybeUndefined<MoneyInput>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    weekend_price: MaybeUndefined<MoneyInput>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    weekly_discount_percent: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    monthly_discount_percent: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    cleaning_fee: MaybeUndefined<MoneyInput>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    extra_guest_fee: MaybeUndefined<ExtraGuestFeeInput>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    min_nights: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    max_nights: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    advance_notice_hours: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    preparation_nights: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    booking_window_days: MaybeUndefined<i32>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    instant_book: MaybeUndefined<bool>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    pets_allowed: MaybeUndefined<bool>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    cancellation_policy: MaybeUndefined<CancellationPolicy>,
}

/// Which property to delete.
#[derive(InputObject)]
struct DeletePropertyInput {
    property_id: ID,
}

/// What is gone.
#[derive(SimpleObject)]
struct DeletePropertyPayload {
    deleted_property_id: ID,
}

/// What hosts change.
#[derive(Default)]
pub(crate) struct PropertyChangeMutation;

#[Object]
impl PropertyChangeMutation {
    /// Change a property. Bookings keep what was agreed.
    async fn update_property(&self, ctx: &Context<'_>, input: UpdatePropertyInput) -> Result<Option<PropertyPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let patch = &PropertyPatch::from(wire::read_patch::<UpdatePropertyIn>(&input, &["property_id"])?);
        let work = |tx: Arc<Tx>| async move { update(&tx, actor, id, patch, |_| Ok(())).await };
        let view = ctx.services().write("properties.update", work).await?;
        Ok(Some(PropertyPayload { property: Property::of(&view)? }))
    }

    /// Delete a property: it is gone for everybody, its bookings stay readable.
    async fn delete_property(
        &self,
        ctx: &Context<'_>,
        input: DeletePropertyInput,
    ) -> Result<Option<DeletePropertyPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let work = |tx: Arc<Tx>| async move { archive(&tx, actor, id, |_| Ok(())).await };
        ctx.services().write("properties.archive", work).await?;
        Ok(Some(DeletePropertyPayload { deleted_property_id: input.property_id }))
    }
}
