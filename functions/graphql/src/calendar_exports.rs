//! The calendar that other sites read: where it is.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::error::{Error, ErrorCode};
use properties::calendar_export::CalendarExportOut;
use serde::{Deserialize, Serialize};
use web::answers;

use crate::caller::{RequestExt, require_id};
use crate::{mutations, wire};

/// Where other sites read a property's calendar.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct CalendarExport {
    /// The whole address, with its secret: whoever has it sees which nights are taken.
    url: String,
}

/// Of a property that the caller sees; null but for its host.
pub(crate) async fn of_property(ctx: &Context<'_>, property_id: &str) -> Result<Option<CalendarExport>> {
    let Some(actor) = ctx.actor() else { return Ok(None) };
    let export = own(ctx.services().calendar_export(actor, require_id(property_id)?).await)?;
    Ok(export.map(|export| wire::object(&CalendarExportOut::from(&export))).transpose()?)
}

/// What only a host may see is null to everybody else.
pub(crate) fn own<T>(outcome: domain::error::Result<T>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if [ErrorCode::NotFound, ErrorCode::Forbidden].contains(&error.code()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whose calendar gets a new address.
#[derive(Serialize, InputObject)]
struct RotateCalendarExportInput {
    property_id: ID,
    idempotency_key: Option<String>,
}

/// Where the calendar is from now on.
#[derive(SimpleObject)]
struct RotateCalendarExportPayload {
    calendar_export: CalendarExport,
}

/// What hosts do about the calendar that other sites read.
#[derive(Default)]
pub(crate) struct CalendarExportMutation;

#[Object]
impl CalendarExportMutation {
    /// Give the calendar that other sites read a new address; the one before is good for nothing at once.
    async fn rotate_calendar_export(
        &self,
        ctx: &Context<'_>,
        input: RotateCalendarExportInput,
    ) -> Result<Option<RotateCalendarExportPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.property_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "rotateCalendarExport", &input, key).await?;
        let answer = services
            .idempotently(
                "calendar_exports.rotate",
                key.as_ref(),
                |tx| async move { services.rotate_calendar_export(&tx, actor, id).await },
                |outcome| answers::of(outcome, |export| answers::ok(&CalendarExportOut::from(export))),
            )
            .await?;
        Ok(Some(RotateCalendarExportPayload { calendar_export: mutations::answered(ctx, &answer)? }))
    }
}
