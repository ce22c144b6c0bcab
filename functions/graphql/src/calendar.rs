//! The calendar of a property: which nights can be had at which price, and what its host says of them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use properties::calendar::CalendarParams;
use properties::calendar_json::{CalendarDayOut, CalendarIn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use services::calendar::set_calendar;

use crate::caller::{RequestExt, if_visible, require_id};
use crate::codes::NightReason;
use crate::scalars::{Date, Money, MoneyInput};
use crate::wire;

/// A day, and the night that follows it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct CalendarDay {
    date: Date,
    /// Whether the night can be part of a stay.
    available: bool,
    /// Why not: when it is not available.
    reason: Option<NightReason>,
    /// Of the night, without discount, fees and taxes; null while a draft has no price.
    price: Option<Money>,
    /// The shortest stay that may arrive on this day.
    min_nights: i32,
    /// The host's own words, to the host alone.
    note: Option<String>,
    /// The booking that holds the night, to the host alone.
    booking_id: Option<ID>,
    /// The feed by which the night is known to be taken on another site, to the host alone.
    feed_id: Option<ID>,
}

/// Of a property that the caller sees.
pub(crate) async fn of_property(
    ctx: &Context<'_>,
    property_id: &str,
    from: Option<Date>,
    to: Option<Date>,
) -> Result<Option<Vec<CalendarDay>>> {
    let CalendarParams { from, to } = wire::read_params("/graphql/calendar", &json!({ "from": from, "to": to }))?;
    let days = if_visible(ctx.services().calendar(ctx.actor(), require_id(property_id)?, (from, to)).await)?;
    Ok(days.map(shown).transpose()?)
}

fn shown(days: Vec<services::calendar::CalendarDay>) -> domain::error::Result<Vec<CalendarDay>> {
    days.into_iter().map(|day| wire::object(&CalendarDayOut::from(day))).collect()
}

/// What is to hold for the days from `from` to the one before `to`. What is left out stays as it is.
#[derive(Serialize, InputObject)]
struct CalendarDaysInput {
    from: Date,
    /// The day after the last, at most 400 days on.
    to: Date,
    /// False blocks the nights, true opens them.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    available: MaybeUndefined<bool>,
    /// Of a night, in the property's currency; null goes back to its own prices.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    price: MaybeUndefined<MoneyInput>,
    /// Of stays that arrive on these days, 1 to 1125; null goes back to the property's own.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    min_nights: MaybeUndefined<i32>,
    /// At most 500 characters; null removes it.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    note: MaybeUndefined<String>,
}

/// What is to hold for some days of a property. Where entries overlap the last one wins, member by member.
#[derive(Serialize, InputObject)]
struct UpdateCalendarInput {
    property_id: ID,
    /// At most 400 entries, all of them within 800 days.
    days: Vec<CalendarDaysInput>,
}

/// The days that were named, in order.
#[derive(SimpleObject)]
struct UpdateCalendarPayload {
    days: Vec<CalendarDay>,
}

/// What hosts do about their calendar.
#[derive(Default)]
pub(crate) struct CalendarMutation;

#[Object]
impl CalendarMutation {
    /// Block nights or open them, and set their prices, shortest stays and notes. Naming `available` for a night that
    /// somebody has booked is `night_booked` with the `dates`, and nothing changes.
    async fn update_calendar(
        &self,
        ctx: &Context<'_>,
        input: UpdateCalendarInput,
    ) -> Result<Option<UpdateCalendarPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let changes = &wire::read_patch::<CalendarIn>(&input, &["property_id"])?.days;
        let work = |tx: std::sync::Arc<services::Tx>| async move { set_calendar(&tx, actor, id, changes).await };
        let days = ctx.services().write("calendar.set", work).await?;
        Ok(Some(UpdateCalendarPayload { days: shown(days)? }))
    }
}
