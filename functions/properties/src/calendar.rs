//! `GET` and `PUT /v1/properties/{id}/calendar`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::PropertyId;
use domain::stay::parse_date;
use jiff::civil::Date;
use services::calendar::set_calendar;
use utoipa::IntoParams;
use web::fields::Read;
use web::{AppState, Body, Caller, FromParams, MaybeCaller, Params, PathId, Problem, Query};

use crate::calendar_json::{CalendarIn, CalendarOut};

/// Which days.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarParams {
    /// The first day; today at the property unless given.
    #[param(value_type = Option<String>, format = "date")]
    pub from: Option<Date>,
    /// The day after the last, at most 400 days on; 90 days on unless given.
    #[param(value_type = Option<String>, format = "date")]
    pub to: Option<Date>,
}

impl FromParams for CalendarParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let from = params.optional("from", parse_date);
        let to = params.optional("to", parse_date);
        Ok(Self { from: from?, to: to? })
    }
}

/// Which nights can be had, at which price.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/calendar",
    tag = "properties",
    operation_id = "getCalendar",
    params(("id" = PropertyId, Path), CalendarParams),
    security((), ("access_token" = [])),
    responses((status = 200, description = "Each day, in order", body = CalendarOut))
)]
pub(crate) async fn get_calendar(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<PropertyId>,
    Query(CalendarParams { from, to }): Query<CalendarParams>,
) -> Result<impl IntoResponse, Problem> {
    let days = app.services.calendar(actor.as_ref(), id, (from, to)).await?;
    // It differs by caller, and changes at any time.
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(CalendarOut::from(days))))
}

/// Block nights or open them, and set their prices, shortest stays and notes.
///
/// Naming `available` for a night that somebody has booked is `409 night_booked` with the `dates`, and nothing changes.
#[utoipa::path(
    put,
    path = "/v1/properties/{id}/calendar",
    tag = "properties",
    operation_id = "putCalendar",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = CalendarIn,
    responses((status = 200, description = "The days that were named, in order", body = CalendarOut))
)]
pub(crate) async fn put_calendar(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    Query(()): Query<()>,
    body: Body<CalendarIn>,
) -> Result<impl IntoResponse, Problem> {
    let (actor, changes) = (&actor, &body.value.days);
    let days =
        app.services.write("calendar.set", |tx| async move { set_calendar(&tx, actor, id, changes).await }).await?;
    Ok(([(header::CACHE_CONTROL, "private, no-store")], Json(CalendarOut::from(days))))
}
