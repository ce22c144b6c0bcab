//! Relay's connections over REST's pages: the same limits, and cursors that only this service can make.

use async_graphql::ObjectType;
use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use domain::error::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};
use services::Services;
use web::PageRequest;

use crate::wire::read_params;

/// A connection whose edges say nothing more than where they are.
pub(crate) type Plain<Node> = Connection<String, Node>;

/// `first` and `after` among the other arguments of a list, as REST names them.
pub(crate) fn with_page(mut arguments: Map<String, Value>, first: Option<i32>, after: Option<String>) -> Value {
    arguments.insert("limit".to_owned(), json!(first));
    arguments.insert("cursor".to_owned(), json!(after));
    Value::Object(arguments)
}

/// The page of a list that has no filters. `list` names what its cursors belong to.
///
/// # Errors
/// `validation_failed`.
pub(crate) fn page(list: &str, first: Option<i32>, after: Option<String>) -> Result<PageRequest> {
    read_params(list, &with_page(Map::new(), first, after))
}

/// What a page needs of each item found.
pub(crate) struct Item<Position, Node, EdgeFields = EmptyFields> {
    /// Where it is in the list.
    pub(crate) position: Position,
    /// It.
    pub(crate) node: Node,
    /// What its edge says besides.
    pub(crate) edge: EdgeFields,
}

/// The connection of the items found, of which one more than the page's limit was asked for: it tells whether there is
/// another page.
///
/// # Errors
/// `unavailable` when the signing key is not to be had.
pub(crate) async fn connect<Position: Serialize, Node: OutputType, EdgeFields: ObjectType>(
    services: &Services,
    page: &PageRequest,
    has_previous_page: bool,
    mut items: Vec<Item<Position, Node, EdgeFields>>,
) -> Result<Connection<String, Node, EmptyFields, EdgeFields>> {
    let has_next_page = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    connect_exactly(services, page, (has_previous_page, has_next_page), items).await
}

/// The connection of just these items, where it is known whether there are pages before and after.
///
/// # Errors
/// `unavailable` when the signing key is not to be had.
pub(crate) async fn connect_exactly<Position: Serialize, Node: OutputType, EdgeFields: ObjectType>(
    services: &Services,
    page: &PageRequest,
    (has_previous_page, has_next_page): (bool, bool),
    items: Vec<Item<Position, Node, EdgeFields>>,
) -> Result<Connection<String, Node, EmptyFields, EdgeFields>> {
    let mut connection = Connection::new(has_previous_page, has_next_page);
    for Item { position, node, edge } in items {
        let cursor = page.page(services, Vec::<()>::new(), Some(position)).await?.next_cursor.unwrap_or_default();
        connection.edges.push(Edge::with_additional_fields(cursor, node, edge));
    }
    Ok(connection)
}
