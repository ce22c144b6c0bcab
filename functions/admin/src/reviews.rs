//! `GET /v1/admin/reviews`, and the acts on one.

use axum::extract::State;
use domain::id::{PropertyId, ReviewId, UserId};
use services::admin::{ReviewFilter, require_admin};
use services::hidden_reviews;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::{boolean, text};
use web::{
    AppState, Body, Caller, FromParams, OptionalIdempotencyKey, PageRequest, Params, PathId, Problem, Query, Reply,
};

use crate::act::act;
use crate::json::{AdminReviewOut, CreatedAndPage, ReasonIn, created};

/// Which reviews.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    property_id: Option<PropertyId>,
    author_id: Option<UserId>,
    subject_id: Option<UserId>,
    /// Whether an admin keeps it out of sight.
    hidden: Option<bool>,
    /// Whether anybody has reported it.
    reported: Option<bool>,
}

/// Which reviews, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: ReviewFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let property_id = params.optional("property_id", text);
        let author_id = params.optional("author_id", text);
        let subject_id = params.optional("subject_id", text);
        let hidden = params.optional("hidden", boolean);
        let reported = params.optional("reported", boolean);
        let created = created(params);
        let page = params.page();
        let filter = ReviewFilter {
            property_id: property_id?,
            author_id: author_id?,
            subject_id: subject_id?,
            hidden: hidden?,
            reported: reported?,
            created: created?,
            ..ReviewFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All reviews, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/reviews",
    tag = "admin",
    operation_id = "adminListReviews",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of reviews", body = inline(Page<AdminReviewOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<AdminReviewOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<ReviewId> = page.position(&app.services).await?;
    let filter = ReviewFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.admin_reviews(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.review.id);
    let data = found.iter().map(|view| AdminReviewOut::of(view, &actor)).collect();
    Ok(page.page(&app.services, data, next).await?)
}

/// Take a review out of sight.
///
/// It is neither shown nor counted.
#[utoipa::path(
    post,
    path = "/v1/admin/reviews/{id}/hide",
    tag = "admin",
    operation_id = "adminHideReview",
    params(("id" = ReviewId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The review, out of sight", body = AdminReviewOut))
)]
pub(crate) async fn hide(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ReviewId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ReasonIn>,
) -> Result<Reply, Problem> {
    let (services, actor, reason) = (&app.services, &actor, &body.value.reason);
    act(
        services,
        actor,
        key,
        &body,
        "admin.hide_review",
        |tx| async move { hidden_reviews::hide(&tx, actor, id, reason).await },
        |found| AdminReviewOut::of(found, actor),
    )
    .await
}

/// Put a review back.
///
/// It is shown and counted again.
#[utoipa::path(
    post,
    path = "/v1/admin/reviews/{id}/restore",
    tag = "admin",
    operation_id = "adminRestoreReview",
    params(("id" = ReviewId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The review", body = AdminReviewOut))
)]
pub(crate) async fn restore(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ReviewId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ReasonIn>,
) -> Result<Reply, Problem> {
    let (services, actor, reason) = (&app.services, &actor, &body.value.reason);
    act(
        services,
        actor,
        key,
        &body,
        "admin.restore_review",
        |tx| async move { hidden_reviews::restore(&tx, actor, id, reason).await },
        |found| AdminReviewOut::of(found, actor),
    )
    .await
}
