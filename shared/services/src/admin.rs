//! What admins see: everything, by whatever they look for. What they do is in `suspensions` and `hidden_reviews`, and
//! where else an admin may act; each act is written into the audit log by its own transaction.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::id::ReviewId;
use domain::user::Role;
pub use store::admin::{BookingFilter, CreatedRange, PaymentFilter, PropertyFilter, ReviewFilter, UserFilter};
pub use store::audit_log::{AuditEntry, AuditFilter};
use store::bookings::Booking;
use store::properties::Property;
use store::reviews::Review;
use store::tx::Tx;
use store::users::User;

use crate::Services;
use crate::actor::Actor;
use crate::payments::{PaymentView, payment_views};

/// A review as admins see it.
#[derive(Clone, Debug)]
pub struct ReviewView {
    /// The review, whether anybody else may read it or not.
    pub review: Review,
    /// How many have reported it.
    pub reports: i64,
}

/// Refuses everybody but admins, before anything is looked up.
///
/// # Errors
/// `forbidden`.
pub fn require_admin(actor: &Actor) -> Result<()> {
    if actor.role == Role::Admin { Ok(()) } else { Err(refused()) }
}

/// The same for an act: by the account as it is, since the token may say what was true a quarter of an hour ago.
///
/// # Errors
/// `forbidden`.
pub(crate) async fn require_admin_now(tx: &Tx, actor: &Actor) -> Result<()> {
    require_admin(actor)?;
    let account = store::users::find_for_share(tx, actor.user_id).await?;
    match account {
        Some(user) if user.role == Role::Admin && user.suspended_at.is_none() => Ok(()),
        _ => Err(refused()),
    }
}

fn refused() -> Error {
    Error::new(ErrorCode::Forbidden, "This is for admins.")
}

impl Services {
    /// A page of users, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn admin_users(&self, actor: &Actor, filter: &UserFilter) -> Result<Vec<User>> {
        require_admin(actor)?;
        store::admin::users(&self.db.connection().await?, filter).await
    }

    /// A page of properties in whatever state, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn admin_properties(&self, actor: &Actor, filter: &PropertyFilter) -> Result<Vec<Property>> {
        require_admin(actor)?;
        store::admin::properties(&self.db.connection().await?, filter).await
    }

    /// A page of bookings, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn admin_bookings(&self, actor: &Actor, filter: &BookingFilter) -> Result<Vec<Booking>> {
        require_admin(actor)?;
        store::admin::bookings(&self.db.connection().await?, filter).await
    }

    /// A page of reviews, published or not, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn admin_reviews(&self, actor: &Actor, filter: &ReviewFilter) -> Result<Vec<ReviewView>> {
        require_admin(actor)?;
        let found = store::admin::reviews(&self.db.connection().await?, filter).await?;
        Ok(found.into_iter().map(|(review, reports)| ReviewView { review, reports }).collect())
    }

    /// A page of payments with their refunds and disputes, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn admin_payments(&self, actor: &Actor, filter: &PaymentFilter) -> Result<Vec<PaymentView>> {
        require_admin(actor)?;
        let read = |tx: Arc<Tx>| async move {
            let payments = store::admin::payments(&*tx, filter).await?;
            payment_views(&*tx, payments, None).await
        };
        self.db.read_at_once(read).await
    }

    /// A page of what admins have done, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn audit_log(&self, actor: &Actor, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        require_admin(actor)?;
        store::audit_log::list(&self.db.connection().await?, filter).await
    }
}

/// A review with how many have reported it, in an admin's transaction.
pub(crate) async fn with_reports(tx: &Tx, id: ReviewId, review: Review) -> Result<ReviewView> {
    Ok(ReviewView { review, reports: store::admin::reports_of(tx, id).await? })
}
