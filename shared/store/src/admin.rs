//! What admins look for, across whole tables: pages of users, properties, bookings, reviews and payments by whatever
//! filters are given. Only these are in the statement, so that it is planned for them.

use domain::admin::AccountStatus;
use domain::booking::BookingStatus;
use domain::error::Result;
use domain::id::{BookingId, PaymentId, PropertyId, ReviewId, UserId};
use domain::payment::IntentStatus;
use domain::property::{CountryCode, PropertyStatus};
use domain::user::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::ToSql;

use crate::bookings::{self, Booking};
use crate::payments::{self, Payment};
use crate::properties::{self, Property};
use crate::reviews::{self, Review};
use crate::row::RowExt;
use crate::tx::Queries;
use crate::users::{self, User};

/// The conditions of a statement with their parameters.
#[derive(Default)]
pub(crate) struct Conditions {
    clauses: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    /// Adds a condition, in which each `?` is the value; none without one.
    pub(crate) fn when<T: ToSql + Sync + Send + 'static>(&mut self, clause: &str, value: Option<T>) {
        if let Some(value) = value {
            self.values.push(Box::new(value));
            self.clauses.push(clause.replace('?', &format!("${}", self.values.len())));
        }
    }

    /// Adds one without a value.
    fn must(&mut self, clause: impl Into<String>) {
        self.clauses.push(clause.into());
    }

    /// From then on, and before then.
    pub(crate) fn created(&mut self, column: &str, range: &CreatedRange) {
        self.when(&format!("{column} >= ?"), range.from);
        self.when(&format!("{column} < ?"), range.to);
    }

    /// The statement over these, newest first.
    pub(crate) fn page(&self, select: &str, id: &str, limit: i64) -> String {
        let filter = if self.clauses.is_empty() { "true".to_owned() } else { self.clauses.join(" AND ") };
        format!("{select} WHERE {filter} ORDER BY {id} DESC LIMIT {limit}")
    }

    pub(crate) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

/// When something was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreatedRange {
    /// Then or later.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
}

/// Which users.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each narrows by what it names")]
pub struct UserFilter {
    /// The address, whole, in whatever case.
    pub email: Option<String>,
    /// A part of address or name.
    pub q: Option<String>,
    pub role: Option<Role>,
    pub status: Option<AccountStatus>,
    pub email_verified: Option<bool>,
    pub created: CreatedRange,
    pub before: Option<UserId>,
    pub limit: i64,
}

/// Which properties.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each narrows by what it names")]
pub struct PropertyFilter {
    pub host_id: Option<UserId>,
    pub status: Option<PropertyStatus>,
    /// A part of title or town.
    pub q: Option<String>,
    pub country: Option<CountryCode>,
    pub created: CreatedRange,
    pub before: Option<PropertyId>,
    pub limit: i64,
}

/// Which bookings.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each narrows by what it names")]
pub struct BookingFilter {
    pub guest_id: Option<UserId>,
    pub host_id: Option<UserId>,
    pub property_id: Option<PropertyId>,
    pub status: Option<BookingStatus>,
    /// Stays that end after this date.
    pub from: Option<Date>,
    /// Stays that begin before this date.
    pub to: Option<Date>,
    pub created: CreatedRange,
    pub before: Option<BookingId>,
    pub limit: i64,
}

/// Which reviews.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each narrows by what it names")]
pub struct ReviewFilter {
    pub property_id: Option<PropertyId>,
    pub author_id: Option<UserId>,
    pub subject_id: Option<UserId>,
    /// Whether an admin keeps it out of sight.
    pub hidden: Option<bool>,
    /// Whether anybody has reported it.
    pub reported: Option<bool>,
    pub created: CreatedRange,
    pub before: Option<ReviewId>,
    pub limit: i64,
}

/// Which payments.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each narrows by what it names")]
pub struct PaymentFilter {
    pub booking_id: Option<BookingId>,
    pub payer_id: Option<UserId>,
    /// Where the attempt stands at the provider.
    pub status: Option<IntentStatus>,
    pub disputed: Option<bool>,
    pub quarantined: Option<bool>,
    pub created: CreatedRange,
    pub before: Option<PaymentId>,
    pub limit: i64,
}

/// What a part is looked for in, as the index `users_by_part` has it.
macro_rules! looked_through {
    () => {
        "(email_key || ' ' || first_name || ' ' || last_name)"
    };
}

/// More accounts than this are many: among the newest then are some.
const FEW: usize = 2_000;

/// The accounts in which a part ($1, a pattern) is, one more than are few; by the index, which a page in its order would
/// not use.
pub const USERS_BY_PART: &str =
    concat!("-- admin.users_by_part\nSELECT id FROM users WHERE ", looked_through!(), " ILIKE $1 LIMIT 2001");

/// Narrows to accounts with this part in address or name.
async fn with_part(queries: &impl Queries, part: &str, conditions: &mut Conditions) -> Result<()> {
    let pattern = containing(part);
    // The index knows three letters and more.
    if part.chars().count() >= 3 {
        let rows = queries.rows(USERS_BY_PART, &[&pattern]).await?;
        if rows.len() <= FEW {
            let ids = rows.iter().map(|row| row.read("id")).collect::<Result<Vec<uuid::Uuid>>>()?;
            conditions.when("id = ANY(?)", Some(ids));
            return Ok(());
        }
    }
    conditions.when(concat!(looked_through!(), " ILIKE ?"), Some(pattern));
    Ok(())
}

/// A page of users, newest first.
pub async fn users(queries: &impl Queries, filter: &UserFilter) -> Result<Vec<User>> {
    let mut conditions = Conditions::default();
    conditions.when("email_key = ?", filter.email.as_ref().map(|email| email.to_ascii_lowercase()));
    if let Some(part) = &filter.q {
        with_part(queries, part, &mut conditions).await?;
    }
    conditions.when("role = ?", filter.role.map(Role::as_str));
    match filter.status {
        Some(AccountStatus::Active) => conditions.must("suspended_at IS NULL AND erased_at IS NULL"),
        Some(AccountStatus::Suspended) => conditions.must("suspended_at IS NOT NULL AND erased_at IS NULL"),
        Some(AccountStatus::Erased) => conditions.must("erased_at IS NOT NULL"),
        None => {}
    }
    conditions.when("(email_verified_at IS NOT NULL) = ?", filter.email_verified);
    conditions.created("created_at", &filter.created);
    conditions.when("id < ?", filter.before.map(|id| id.uuid()));
    let sql = conditions.page(&format!("-- admin.users\nSELECT {} FROM users", users::COLUMNS), "id", filter.limit);
    queries.rows(&sql, &conditions.params()).await?.iter().map(users::from_row).collect()
}

/// A page of properties, newest first.
pub async fn properties(queries: &impl Queries, filter: &PropertyFilter) -> Result<Vec<Property>> {
    let mut conditions = Conditions::default();
    conditions.when("host_id = ?", filter.host_id.map(|id| id.uuid()));
    conditions.when("status = ?", filter.status.map(PropertyStatus::as_str));
    conditions.when("(title ILIKE ? OR city ILIKE ?)", filter.q.as_deref().map(containing));
    conditions.when("country = ?", filter.country.as_ref().map(|country| country.as_str().to_owned()));
    conditions.created("created_at", &filter.created);
    conditions.when("id < ?", filter.before.map(|id| id.uuid()));
    let select = format!("-- admin.properties\nSELECT {} FROM properties", properties::COLUMNS);
    let sql = conditions.page(&select, "id", filter.limit);
    queries.rows(&sql, &conditions.params()).await?.iter().map(properties::from_row).collect()
}

/// A page of bookings, newest first.
pub async fn bookings(queries: &impl Queries, filter: &BookingFilter) -> Result<Vec<Booking>> {
    let mut conditions = Conditions::default();
    conditions.when("guest_id = ?", filter.guest_id.map(|id| id.uuid()));
    conditions.when("host_id = ?", filter.host_id.map(|id| id.uuid()));
    conditions.when("property_id = ?", filter.property_id.map(|id| id.uuid()));
    conditions.when(&format!("{} = ?", bookings::STATUS), filter.status.map(BookingStatus::as_str));
    conditions.when("check_out > ?", filter.from);
    conditions.when("check_in < ?", filter.to);
    conditions.created("created_at", &filter.created);
    conditions.when("id < ?", filter.before.map(|id| id.uuid()));
    let select = format!("-- admin.bookings\nSELECT {} FROM bookings", bookings::columns());
    let sql = conditions.page(&select, "id", filter.limit);
    queries.rows(&sql, &conditions.params()).await?.iter().map(bookings::from_row).collect()
}

/// A page of reviews, newest first, each with how many have reported it.
pub async fn reviews(queries: &impl Queries, filter: &ReviewFilter) -> Result<Vec<(Review, i64)>> {
    const REPORTS: &str = "(SELECT count(*) FROM review_reports WHERE review_id = r.id)";
    let mut conditions = Conditions::default();
    conditions.when("r.property_id = ?", filter.property_id.map(|id| id.uuid()));
    conditions.when("r.author_id = ?", filter.author_id.map(|id| id.uuid()));
    conditions.when("r.subject_id = ?", filter.subject_id.map(|id| id.uuid()));
    conditions.when("(r.hidden_at IS NOT NULL) = ?", filter.hidden);
    conditions.when("EXISTS (SELECT 1 FROM review_reports WHERE review_id = r.id) = ?", filter.reported);
    conditions.created("r.created_at", &filter.created);
    conditions.when("r.id < ?", filter.before.map(|id| id.uuid()));
    let select = format!("-- admin.reviews\nSELECT {}, {REPORTS} AS reports FROM reviews r", reviews::columns());
    let sql = conditions.page(&select, "r.id", filter.limit);
    let rows = queries.rows(&sql, &conditions.params()).await?;
    rows.iter().map(|row| Ok((reviews::from_row(row)?, row.read("reports")?))).collect()
}

/// How many have reported a review.
pub async fn reports_of(queries: &impl Queries, id: ReviewId) -> Result<i64> {
    let sql = "-- admin.reports_of\nSELECT count(*) AS reports FROM review_reports WHERE review_id = $1";
    queries.row(sql, &[&id.uuid()]).await?.map_or(Ok(0), |row| row.read("reports"))
}

/// A page of payments, newest first.
pub async fn payments(queries: &impl Queries, filter: &PaymentFilter) -> Result<Vec<Payment>> {
    let mut conditions = Conditions::default();
    conditions.when("booking_id = ?", filter.booking_id.map(|id| id.uuid()));
    conditions.when("payer_id = ?", filter.payer_id.map(|id| id.uuid()));
    conditions.when("status = ?", filter.status.map(IntentStatus::as_str));
    conditions.when("disputed = ?", filter.disputed);
    conditions.when("(quarantined_at IS NOT NULL) = ?", filter.quarantined);
    conditions.created("created_at", &filter.created);
    conditions.when("id < ?", filter.before.map(|id| id.uuid()));
    let select = format!("-- admin.payments\nSELECT {} FROM payments", payments::COLUMNS);
    let sql = conditions.page(&select, "id", filter.limit);
    queries.rows(&sql, &conditions.params()).await?.iter().map(payments::from_row).collect()
}

/// The pattern of what has this in it, whatever signs it holds.
fn containing(part: &str) -> String {
    format!("%{}%", part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_in_the_statement() {
        let mut conditions = Conditions::default();
        assert_eq!(conditions.page("SELECT", "id", 3), "SELECT WHERE true ORDER BY id DESC LIMIT 3");
        conditions.when("a = ?", None::<bool>);
        conditions.when("(b = ? OR c = ?)", Some(true));
        conditions.when("d < ?", Some(4_i64));
        let sql = conditions.page("SELECT", "id", 3);
        assert_eq!(sql, "SELECT WHERE (b = $1 OR c = $1) AND d < $2 ORDER BY id DESC LIMIT 3");
        assert_eq!(conditions.params().len(), 2);
    }

    #[test]
    fn signs_of_patterns_stand_for_themselves() {
        assert_eq!(containing("a%b_c\\"), "%a\\%b\\_c\\\\%");
    }
}
