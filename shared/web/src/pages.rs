//! Pages of a list: a limit, and a cursor that only this service can make, good for the same list and filters alone.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use services::Services;
use services::sealing::{Purpose, Sealer};
use utoipa::{IntoParams, ToSchema};

use crate::fields::Read;
use crate::params::{FromParams, Params};
use crate::{context, etag};

/// Items of a page, when the client does not say.
pub const DEFAULT_LIMIT: u32 = 20;

/// The parameters of a page, for lists that have no others.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which PageRequest reads")]
pub struct PageParamsSchema {
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

impl FromParams for PageRequest {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.page()
    }
}

/// What page of which list was asked for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items, 1 to 100.
    pub limit: u32,
    cursor: Option<String>,
    /// Path and query without the cursor: where the next page is.
    target: String,
    /// Path and filters, in one canonical form: what the cursor belongs to.
    list: String,
}

impl PageRequest {
    pub(crate) fn new(limit: Option<u32>, cursor: Option<String>, path: &str, pairs: &[(String, String)]) -> Self {
        let query = |leave_out: &[&str], sorted: bool| {
            let mut kept: Vec<_> = pairs.iter().filter(|(name, _)| !leave_out.contains(&name.as_str())).collect();
            if sorted {
                kept.sort();
            }
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        Self {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor,
            target: query(&["cursor"], false),
            list: query(&["cursor", "limit"], true),
        }
    }

    /// The page in one canonical form: the list, the filters, the limit and the cursor.
    pub fn name(&self) -> String {
        format!("{} {} {:?}", self.list, self.limit, self.cursor)
    }

    /// Where the page begins: what was given to [`PageRequest::page`] as `next`; `None` for the first page.
    ///
    /// # Errors
    /// `invalid_cursor` when it was altered or belongs to another list or other filters.
    pub async fn position<P: DeserializeOwned>(&self, services: &Services) -> Result<Option<P>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let sealer = services.sealer().await?;
        let invalid = || {
            Error::new(
                ErrorCode::InvalidCursor,
                "This cursor was not given out for this list. Start again without one.",
            )
        };
        open(&sealer, &self.list, cursor).map(Some).ok_or_else(invalid)
    }

    /// Cuts what was found to the page, and gives where the next one begins: when there was more than the page has room
    /// for, so look for one more than its limit.
    pub fn cut<T, P>(&self, found: &mut Vec<T>, position: impl FnOnce(&T) -> P) -> Option<P> {
        let more = found.len() > self.limit as usize;
        found.truncate(self.limit as usize);
        found.last().filter(|_| more).map(position)
    }

    /// The answer: the items, and where the next page begins when there is one.
    ///
    /// # Errors
    /// `unavailable` when the signing key is not to be had.
    pub async fn page<T, P: Serialize>(&self, services: &Services, data: Vec<T>, next: Option<P>) -> Result<Page<T>> {
        let Some(next) = next else { return Ok(Page { data, next_cursor: None, next_link: None }) };
        let sealer = services.sealer().await?;
        let cursor = seal(&sealer, &self.list, next)?;
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let base = &context::current().public_base_url;
        let link = format!("<{base}{}{separator}cursor={cursor}>; rel=\"next\"", self.target);
        Ok(Page { data, next_cursor: Some(cursor), next_link: Some(link) })
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub data: Vec<T>,
    /// For `?cursor=`; null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    next_link: Option<String>,
}

impl<T> Page<T> {
    /// The `Link` header of the answer; none on the last page.
    pub fn next_link(&self) -> Option<&str> {
        self.next_link.as_deref()
    }

    /// The page with what there is to say of the list as a whole.
    pub fn with<S>(self, summary: S) -> PageWith<T, S> {
        PageWith { page: self, summary }
    }
}

/// A page of a list, and beside it what holds for the whole list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageWith<T, S> {
    #[serde(flatten)]
    page: Page<T>,
    #[serde(flatten)]
    summary: S,
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        linked(self.next_link.clone(), Json(self))
    }
}

impl<T: Serialize, S: Serialize> IntoResponse for PageWith<T, S> {
    fn into_response(self) -> Response {
        linked(self.page.next_link.clone(), Json(self))
    }
}

fn linked(next_link: Option<String>, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Some(link) = next_link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// What a cursor says: where, and in which list.
#[derive(Serialize, Deserialize)]
struct Bookmark<P> {
    list: String,
    position: P,
}

fn seal<P: Serialize>(sealer: &Sealer, list: &str, position: P) -> Result<String> {
    let bookmark = Bookmark { list: etag::of_bytes(list.as_bytes()), position };
    Ok(sealer.seal(Purpose::Cursor, &serde_json::to_vec(&bookmark).map_err(Error::internal)?))
}

fn open<P: DeserializeOwned>(sealer: &Sealer, list: &str, cursor: &str) -> Option<P> {
    let bookmark: Bookmark<P> = serde_json::from_slice(&sealer.open(Purpose::Cursor, cursor)?).ok()?;
    (bookmark.list == etag::of_bytes(list.as_bytes())).then_some(bookmark.position)
}
