//! What a person may take along, and leaving.

use std::sync::Arc;

use async_graphql::{Context, Json, Object, Result, SimpleObject};
use serde_json::{Value, json};
use services::Tx;
use services::erasures::erase;
use services::exports::{Export as StoredExport, ExportPosition};
use web::fields::Read;
use web::{FromParams, PageRequest, Params};

use crate::auth::DonePayload;
use crate::caller::RequestExt;
use crate::wire;

/// What cursors of an export belong to.
const EXPORT: &str = "/graphql/exportMe";

/// Where an export goes on.
struct ExportParams(PageRequest);

impl FromParams for ExportParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.cursor().map(Self)
    }
}

/// What is held on the caller.
#[derive(SimpleObject)]
struct Export {
    /// By kind (`account`, `properties`, `bookings_as_guest`, `messages`, `sessions` and so on), whatever is held, as REST
    /// has it.
    records: Json<Value>,
    /// For `after`; null unless the export is too large for one answer.
    next_cursor: Option<String>,
}

/// The own data.
#[derive(Default)]
pub(crate) struct PersonQuery;

#[Object]
impl PersonQuery {
    /// All that is held on the caller. One of more than some megabytes comes in parts.
    #[graphql(complexity = "50 + child_complexity")]
    async fn export_me(&self, ctx: &Context<'_>, after: Option<String>) -> Result<Option<Export>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let ExportParams(page) = wire::read_params(EXPORT, &json!({ "cursor": after }))?;
        let from: Option<ExportPosition> = page.position(services).await?;
        let StoredExport { records, next } = services.export(actor, from).await?;
        let page = page.page::<(), _>(services, Vec::new(), next).await?;
        Ok(Some(Export { records: Json(json!(records)), next_cursor: page.next_cursor }))
    }
}

/// Leaving.
#[derive(Default)]
pub(crate) struct PersonMutation;

#[Object]
impl PersonMutation {
    /// Leave: everything personal is erased, the books keep a pseudonym, all sessions end. It can't be undone.
    async fn delete_me(&self, ctx: &Context<'_>) -> Result<Option<DonePayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let work = |tx: Arc<Tx>| async move { erase(&tx, actor, |_| Ok(())).await };
        services.write("users.erase", work).await?;
        services.end_sessions_of_erased(actor).await;
        Ok(Some(DonePayload { ok: true }))
    }
}
