//! Who asks, and what resolvers work with: put into each request by `http`.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::DataLoader;
use domain::error::{Error, ErrorCode, Result};
use services::{Actor, Services};

use crate::loaders::Loaders;

/// The caller of a request.
pub(crate) struct Caller(pub(crate) Option<Actor>);

/// What every resolver may reach.
pub(crate) trait RequestExt {
    /// The use cases.
    fn services(&self) -> &Arc<Services>;

    /// The caller, if anybody is signed in.
    fn actor(&self) -> Option<&Actor>;

    /// The caller, who must be signed in.
    fn signed_in(&self) -> Result<&Actor>;

    /// What is loaded in batches, one statement a level.
    fn loaders(&self) -> &DataLoader<Loaders>;
}

impl RequestExt for Context<'_> {
    fn services(&self) -> &Arc<Services> {
        self.data_unchecked()
    }

    fn actor(&self) -> Option<&Actor> {
        self.data_unchecked::<Caller>().0.as_ref()
    }

    fn signed_in(&self) -> Result<&Actor> {
        let missing = || Error::new(ErrorCode::Unauthenticated, "Send an access token in the Authorization header.");
        self.actor().ok_or_else(missing)
    }

    fn loaders(&self) -> &DataLoader<Loaders> {
        self.data_unchecked()
    }
}

/// What is not there for the caller is null, not an error.
pub(crate) fn if_visible<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id in an argument; a text that is no id of this kind names nothing.
pub(crate) fn parse_id<T: std::str::FromStr>(id: &str) -> Option<T> {
    id.parse().ok()
}

/// The id of the object a mutation is about, as in a path of REST.
///
/// # Errors
/// `not_found`.
pub(crate) fn require_id<T: std::str::FromStr>(id: &str) -> Result<T> {
    parse_id(id).ok_or_else(Error::not_found)
}
