//! Wire types of administration: the resources' own, and what admins see beside.

use ::payments::json::PaymentOut;
use ::reviews::json::ReviewOut;
use ::users::json::UserOut;
use domain::admin::{AccountStatus, AdminReason, AuditAction, AuditSubject};
use domain::error::Invalid;
use domain::id::{AuditId, UserId};
use jiff::Timestamp;
use serde::Serialize;
use services::Actor;
use services::admin::{AuditEntry, CreatedRange, ReviewView};
use services::payments::PaymentView;
use services::users::User;
use utoipa::{IntoParams, ToSchema};
use web::Params;
use web::fields::{Fields, FromFields, Read, text};
use web::params::instant;

/// Why.
#[derive(ToSchema)]
pub struct ReasonIn {
    /// In words, for the audit log.
    pub reason: AdminReason,
}

impl FromFields for ReasonIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let reason = fields.required("reason", text);
        Ok(Self { reason: reason? })
    }
}

/// An account.
#[derive(Serialize, ToSchema)]
pub struct AdminUserOut {
    #[serde(flatten)]
    user: UserOut,
    status: AccountStatus,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    suspended_at: Option<Timestamp>,
}

impl From<&User> for AdminUserOut {
    fn from(user: &User) -> Self {
        let status = match (user.erased_at, user.suspended_at) {
            (Some(_), _) => AccountStatus::Erased,
            (None, Some(_)) => AccountStatus::Suspended,
            (None, None) => AccountStatus::Active,
        };
        Self { user: UserOut::from(user), status, suspended_at: user.suspended_at }
    }
}

/// A review, whoever else may read it.
#[derive(Serialize, ToSchema)]
pub struct AdminReviewOut {
    #[serde(flatten)]
    review: ReviewOut,
    /// Since when an admin keeps it out of sight.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    hidden_at: Option<Timestamp>,
    /// How many have reported it.
    reports: i64,
}

impl AdminReviewOut {
    /// The review as this admin sees it.
    pub fn of(view: &ReviewView, actor: &Actor) -> Self {
        let review = &view.review;
        Self { review: ReviewOut::of(review, Some(actor)), hidden_at: review.hidden_at, reports: view.reports }
    }
}

/// An attempt to pay, and by whom.
#[derive(Serialize, ToSchema)]
pub struct AdminPaymentOut {
    #[serde(flatten)]
    payment: PaymentOut,
    payer_id: UserId,
    /// Whether the money was not what was asked for, so that only admins decide about it.
    quarantined: bool,
}

impl From<&PaymentView> for AdminPaymentOut {
    fn from(view: &PaymentView) -> Self {
        let (payer_id, quarantined) = (view.payment.payer_id, view.payment.quarantined);
        Self { payment: PaymentOut::from(view), payer_id, quarantined }
    }
}

/// Something an admin did.
#[derive(Serialize, ToSchema)]
pub struct AuditEntryOut {
    id: AuditId,
    /// The admin; null: the operator, by a command.
    #[schema(required)]
    actor_id: Option<UserId>,
    action: AuditAction,
    /// The id of what it was done to.
    subject_id: String,
    /// In the admin's words.
    #[schema(required)]
    reason: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<&AuditEntry> for AuditEntryOut {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            id: entry.id,
            actor_id: entry.actor_id,
            action: entry.action,
            subject_id: entry.subject.to_string(),
            reason: entry.reason.clone(),
            created_at: entry.at,
        }
    }
}

/// What every list here takes beside its own filters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which `created` and `Params::page` read")]
pub(crate) struct CreatedAndPage {
    /// Made then or later.
    #[param(format = "date-time")]
    created_from: Option<String>,
    /// Made before then.
    #[param(format = "date-time")]
    created_to: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `created_from` and `created_to` of a list.
pub(crate) fn created(params: &mut Params) -> Read<CreatedRange> {
    let from = params.optional("created_from", instant);
    let to = params.optional("created_to", instant);
    Ok(CreatedRange { from: from?, to: to? })
}

/// A part of a text that is looked for: 1 to 100 characters.
pub(crate) fn part(value: &str) -> Result<String, Invalid> {
    domain::text::checked(value, 1, 100, domain::text::Lines::Single)
}

/// The subject of an audit entry, by its id.
pub(crate) fn subject(value: &str) -> Result<AuditSubject, Invalid> {
    value.parse()
}
