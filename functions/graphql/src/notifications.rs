//! The in-app inbox.

use async_graphql::connection::EmptyFields;
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use domain::id::NotificationId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use services::inbox::Notification as StoredNotification;
use users::notification_json::NotificationOut;
use web::answers;

use crate::caller::{RequestExt, require_id};
use crate::connections::{Item, Plain, connect, page};
use crate::scalars::DateTime;
use crate::wire::{self, camel_case_members};
use crate::{limits, mutations};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/notifications";

/// An entry of the inbox.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Notification {
    id: ID,
    /// What happened, such as `booking.confirmed`.
    kind: String,
    /// What it is about: ids and what else the event tells, by kind.
    data: Json<Value>,
    read_at: Option<DateTime>,
    created_at: DateTime,
}

impl Notification {
    fn of(entry: StoredNotification) -> domain::error::Result<Self> {
        wire::object::<Self>(&NotificationOut::from(entry)).map(Self::with_graphql_names)
    }

    fn with_graphql_names(mut self) -> Self {
        self.data.0 = camel_case_members(self.data.0);
        self
    }
}

/// The inbox.
#[derive(Default)]
pub(crate) struct NotificationQuery;

#[Object]
impl NotificationQuery {
    /// Own in-app inbox, newest first. Entries are kept for 90 days.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Notification>>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let page = page(LIST, first, after)?;
        let before: Option<NotificationId> = page.position(services).await?;
        let found = services.inbox(actor, before, page.limit + 1).await?;
        let item = |entry: StoredNotification| {
            Ok(Item { position: entry.id, node: Notification::of(entry)?, edge: EmptyFields })
        };
        let items = found.into_iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, before.is_some(), items).await?))
    }
}

/// The entry that was read.
#[derive(Serialize, InputObject)]
struct ReadNotificationInput {
    notification_id: ID,
    idempotency_key: Option<String>,
}

/// The entry as it now is.
#[derive(SimpleObject)]
struct ReadNotificationPayload {
    notification: Notification,
}

/// The inbox.
#[derive(Default)]
pub(crate) struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Mark an entry of the inbox as read; one that is read stays as it is.
    async fn read_notification(
        &self,
        ctx: &Context<'_>,
        input: ReadNotificationInput,
    ) -> Result<Option<ReadNotificationPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.notification_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "readNotification", &input, key).await?;
        // Before the transaction that keeps the answer, since it is kept elsewhere; doing it again changes nothing.
        let entry = &services.mark_notification_read(actor, id).await?;
        let answer = services
            .idempotently(
                "notifications.read",
                key.as_ref(),
                |_| async move { Ok(entry.clone()) },
                |outcome| answers::of(outcome, |entry| answers::ok(&NotificationOut::from(entry.clone()))),
            )
            .await?;
        let notification: Notification = mutations::answered(ctx, &answer)?;
        Ok(Some(ReadNotificationPayload { notification: notification.with_graphql_names() }))
    }
}
