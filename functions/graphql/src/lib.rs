//! GraphQL over the same use cases as REST: `POST /graphql`, and GraphiQL on `GET`. It has no rules of its own: what
//! comes in is read by REST's parsers, what goes out is REST's JSON under camelCase names, and who may see or do what
//! is the services' to say.

mod accounts;
mod admin;
mod admin_acts;
mod auth;
mod avatars;
mod booking_changes;
mod booking_mutations;
mod bookings;
mod calendar;
mod calendar_exports;
mod calendar_feeds;
mod caller;
mod codes;
mod connections;
mod earnings;
mod errors;
mod graphiql;
mod http;
mod identities;
mod limits;
mod loaders;
mod mutations;
mod node;
mod notifications;
mod nulls;
mod payments;
mod payouts;
mod persons;
mod photos;
mod places;
mod properties;
mod property_changes;
mod property_input;
mod quotes;
mod reviews;
mod scalars;
mod search;
mod threads;
mod users;
mod wire;
mod wishlists;

use std::sync::LazyLock;

use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions, Schema};
use utoipa_axum::router::OpenApiRouter;
use web::AppState;

// In groups: each member of one is a call within a call, and a stack ends.
/// What can be asked.
#[derive(Default, MergedObject)]
pub(crate) struct Query(PeopleQuery, PlaceQueries, StayQuery);

/// Of people, and of any object.
#[derive(Default, MergedObject)]
pub(crate) struct PeopleQuery(
    node::NodeQuery,
    users::UserQuery,
    identities::IdentityQuery,
    persons::PersonQuery,
    notifications::NotificationQuery,
    admin::AdminQuery,
);

/// Of places to stay.
#[derive(Default, MergedObject)]
pub(crate) struct PlaceQueries(
    search::SearchQuery,
    properties::PropertyQuery,
    places::PlaceQuery,
    wishlists::WishlistQuery,
);

/// Of stays.
#[derive(Default, MergedObject)]
pub(crate) struct StayQuery(
    quotes::QuoteQuery,
    bookings::BookingQuery,
    earnings::EarningsQuery,
    payouts::PayoutQuery,
    reviews::ReviewQuery,
    threads::ThreadQuery,
);

/// What can be done.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(PeopleMutation, PlaceMutation, StayMutation);

/// By and to people.
#[derive(Default, MergedObject)]
pub(crate) struct PeopleMutation(
    auth::AuthMutation,
    identities::IdentityMutation,
    users::UserMutation,
    accounts::AccountMutation,
    avatars::AvatarMutation,
    persons::PersonMutation,
    notifications::NotificationMutation,
    admin_acts::AdminMutation,
);

/// With places to stay.
#[derive(Default, MergedObject)]
pub(crate) struct PlaceMutation(
    properties::PropertyMutation,
    calendar::CalendarMutation,
    calendar_exports::CalendarExportMutation,
    property_changes::PropertyChangeMutation,
    calendar_feeds::CalendarFeedMutation,
    photos::PhotoMutation,
    wishlists::WishlistMutation,
);

/// With stays.
#[derive(Default, MergedObject)]
pub(crate) struct StayMutation(
    booking_mutations::BookingMutation,
    booking_changes::BookingChangeMutation,
    payments::PaymentMutation,
    payouts::PayoutMutation,
    reviews::ReviewMutation,
    threads::ThreadMutation,
);

static SCHEMA: LazyLock<Schema<Query, Mutation, EmptySubscription>> = LazyLock::new(|| {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        .extension(nulls::NullOnError)
        .limit_complexity(limits::MAX_COMPLEXITY)
        .limit_directives(limits::MAX_DIRECTIVES_A_FIELD)
        .finish()
});

/// The schema in GraphQL's own language, as `schema.graphql` has it.
pub fn sdl() -> String {
    SCHEMA.sdl_with_options(SDLExportOptions::new().use_space_ident())
}

/// All routes of this function, with full paths. Their contract is the schema, not OpenAPI.
pub fn routes() -> OpenApiRouter<AppState> {
    use axum::routing::get;
    OpenApiRouter::new()
        .route("/graphql", get(graphiql::page).post(http::execute))
        .route("/graphql/assets/{name}", get(graphiql::asset))
}
