//! `GET /v1/properties/{id}/calendar.ics`, and `GET` and `POST /v1/properties/{id}/calendar-export`: where it is.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::PropertyId;
use serde::Serialize;
use services::calendar_exports::CalendarExport;
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::{AppState, Body, Caller, FromParams, OptionalIdempotencyKey, Params, PathId, Problem, Query, Reply, answers};

/// The secret of the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter, which TokenParams reads")]
pub(crate) struct TokenParamsSchema {
    /// As in the address that the host was given.
    #[param(required)]
    token: Option<String>,
}

/// The secret of the address; one that is missing opens nothing.
pub(crate) struct TokenParams(Option<String>);

impl FromParams for TokenParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.optional("token", |token| Ok(token.to_owned())).map(Self)
    }
}

/// Where other sites read the calendar.
#[derive(Serialize, ToSchema)]
pub struct CalendarExportOut {
    /// The whole address, with its secret: whoever has it sees which nights are taken.
    #[schema(format = "uri")]
    url: String,
}

impl From<&CalendarExport> for CalendarExportOut {
    fn from(export: &CalendarExport) -> Self {
        Self { url: export.url.clone() }
    }
}

/// Taken nights as iCalendar (RFC 5545), without guests' data: bookings that hold nights, blocks, preparation nights.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/calendar.ics",
    tag = "properties",
    operation_id = "getExportedCalendar",
    params(("id" = PropertyId, Path), TokenParamsSchema),
    responses((status = 200, description = "The calendar", body = String, content_type = "text/calendar"))
)]
pub(crate) async fn get_exported_calendar(
    State(app): State<AppState>,
    PathId(id): PathId<PropertyId>,
    Query(TokenParams(token)): Query<TokenParams>,
) -> Result<impl IntoResponse, Problem> {
    let calendar = app.services.exported_calendar(id, token.as_deref().unwrap_or_default()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\""),
    ];
    Ok((headers, calendar))
}

/// The address of one's own calendar for other sites.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/calendar-export",
    tag = "properties",
    operation_id = "getCalendarExport",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "Where it is", body = CalendarExportOut))
)]
pub(crate) async fn get_calendar_export(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    Query(()): Query<()>,
) -> Result<impl IntoResponse, Problem> {
    let export = app.services.calendar_export(&actor, id).await?;
    Ok(([(header::CACHE_CONTROL, "private, no-store")], axum::Json(CalendarExportOut::from(&export))))
}

/// A new address; the one before is good for nothing at once.
#[utoipa::path(
    post,
    path = "/v1/properties/{id}/calendar-export",
    tag = "properties",
    operation_id = "rotateCalendarExport",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "Where it is from now on", body = CalendarExportOut))
)]
pub(crate) async fn rotate_calendar_export(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (services, actor) = (&app.services, &actor);
    let answer = services
        .idempotently(
            "calendar_exports.rotate",
            key.as_ref(),
            |tx| async move { services.rotate_calendar_export(&tx, actor, id).await },
            |outcome| answers::of(outcome, |export| answers::ok(&CalendarExportOut::from(export))),
        )
        .await?;
    Ok(answer.into())
}
