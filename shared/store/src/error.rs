//! What a database error means to the rest: down, to be tried again, a constraint by name, or a fault of ours.

use domain::error::Error;
use tokio_postgres::error::SqlState;

/// Turns an error of the driver into the product's: unreachable or too slow is `unavailable`, the rest is ours.
pub(crate) fn from_postgres(error: tokio_postgres::Error) -> Error {
    if is_outage(&error) { Error::unavailable(error) } else { Error::internal(error) }
}

/// The same for a failure to get a connection.
pub(crate) fn from_pool(error: deadpool_postgres::PoolError) -> Error {
    Error::unavailable(error)
}

/// Whether running the transaction anew may succeed: serialization failure or deadlock.
pub(crate) fn is_retryable(error: &Error) -> bool {
    sql_state(error)
        .is_some_and(|state| *state == SqlState::T_R_SERIALIZATION_FAILURE || *state == SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the server refused the user or password it was given.
pub(crate) fn is_refused(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|state| {
        *state == SqlState::INVALID_PASSWORD || *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    })
}

fn is_outage(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // No SQLSTATE: the connection itself broke, or could not be made.
        None => error.is_closed() || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>()),
        Some(state) => {
            state.code().starts_with("08")
                || [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::TOO_MANY_CONNECTIONS,
                    SqlState::QUERY_CANCELED,
                    SqlState::LOCK_NOT_AVAILABLE,
                    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                    SqlState::READ_ONLY_SQL_TRANSACTION,
                ]
                .contains(state)
        }
    }
}

/// Whether it is this constraint that was in the way.
pub(crate) fn violates(error: &Error, constraint: &str) -> bool {
    database_error(error).is_some_and(|error| error.constraint() == Some(constraint))
}

fn sql_state(error: &Error) -> Option<&SqlState> {
    database_error(error).map(tokio_postgres::error::DbError::code)
}

fn database_error(error: &Error) -> Option<&tokio_postgres::error::DbError> {
    std::error::Error::source(error)?.downcast_ref::<tokio_postgres::Error>()?.as_db_error()
}
