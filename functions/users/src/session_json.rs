//! Wire types of sessions.

use domain::id::SessionId;
use jiff::Timestamp;
use serde::Serialize;
use services::Actor;
use services::sessions::Session;
use utoipa::ToSchema;

/// A device signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionOut {
    id: SessionId,
    /// What the device calls itself (`User-Agent`).
    #[schema(required)]
    device: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    /// When it last refreshed its tokens.
    #[schema(value_type = String, format = "date-time")]
    last_used_at: Timestamp,
    /// When it ends, however often it is refreshed.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Timestamp,
}

impl SessionOut {
    /// As its owner sees it.
    pub fn of(session: Session, actor: &Actor) -> Self {
        Self {
            id: session.id,
            device: session.device,
            current: session.id == actor.session_id,
            created_at: session.created_at,
            last_used_at: session.used_at,
            expires_at: session.expires_at,
        }
    }
}

/// All sessions there are: there is never a next page.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsOut {
    pub(crate) data: Vec<SessionOut>,
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}
