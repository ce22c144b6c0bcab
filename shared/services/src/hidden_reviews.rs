//! Reviews that an admin takes out of sight, and puts back: neither shown nor counted meanwhile.

use domain::admin::{AdminReason, AuditAction, AuditSubject};
use domain::error::{Error, ErrorCode, Result};
use domain::id::ReviewId;
use domain::property::PropertyStatus;
use domain::review::ReviewerRole;
use store::tx::Tx;

use crate::actor::Actor;
use crate::admin::{ReviewView, require_admin_now, with_reports};

/// Takes a review out of sight.
///
/// # Errors
/// `forbidden` for who is no admin, `invalid_state` when it is so already, `not_found`.
pub async fn hide(tx: &Tx, actor: &Actor, id: ReviewId, reason: &AdminReason) -> Result<ReviewView> {
    set(tx, actor, id, reason, true).await
}

/// Puts a review back.
///
/// # Errors
/// `forbidden` for who is no admin, `invalid_state` when it is not out of sight, `not_found`.
pub async fn restore(tx: &Tx, actor: &Actor, id: ReviewId, reason: &AdminReason) -> Result<ReviewView> {
    set(tx, actor, id, reason, false).await
}

async fn set(tx: &Tx, actor: &Actor, id: ReviewId, reason: &AdminReason, hidden: bool) -> Result<ReviewView> {
    require_admin_now(tx, actor).await?;
    store::reviews::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let (action, state) = match hidden {
        true => (AuditAction::ReviewHidden, "hidden"),
        false => (AuditAction::ReviewRestored, "shown"),
    };
    let (review, is_counted) = store::reviews::set_hidden(tx, id, hidden).await?.ok_or_else(|| {
        Error::new(ErrorCode::InvalidState, format!("This review is {state} already.")).with("state", state)
    })?;
    if is_counted && review.author_role == ReviewerRole::Guest {
        let content = &review.content;
        let (property_id, rating, categories) = (review.property_id, content.rating, &content.categories);
        let property = match hidden {
            true => store::properties::subtract_rating(tx, property_id, rating, categories).await?,
            false => store::properties::add_rating(tx, property_id, rating, categories).await?,
        };
        if property.status == PropertyStatus::Listed {
            store::listing_search::upsert(tx, property.id).await?;
        }
    }
    // Its page is another than it was, be the review counted or not.
    store::photos::touch_property(tx, review.property_id).await?;
    store::audit_log::insert(tx, actor.user_id, action, AuditSubject::Review(id), Some(reason.as_str())).await?;
    with_reports(tx, id, review).await
}
