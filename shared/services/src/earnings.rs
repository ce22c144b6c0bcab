//! What hosts have earned, and what every account comes to: read from the books.

use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::money::Currency;
use domain::user::Role;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
pub use store::earnings::{AccountBalance, MonthlyEarnings};

use crate::Services;
use crate::actor::Actor;

/// The longest time that is shown at once.
const MAX_MONTHS: i32 = 60;

/// How many months are shown unless asked otherwise, this one included.
const USUAL_MONTHS: i32 = 12;

impl Services {
    /// The caller's earnings as a host, by month and currency, from a day up to another (UTC, the second not included);
    /// unless given, of the last 12 months.
    ///
    /// # Errors
    /// `validation_failed` for days not in order or more than 60 months apart.
    pub async fn earnings(
        &self,
        actor: &Actor,
        (from, to): (Option<Date>, Option<Date>),
    ) -> Result<Vec<MonthlyEarnings>> {
        let connection = self.db.connection().await?;
        let today = TimeZone::UTC.to_datetime(store::clock::now(&connection).await?).date();
        let to = to.unwrap_or_else(|| today.first_of_month().saturating_add(Span::new().months(1)));
        let from = from.unwrap_or_else(|| to.first_of_month().saturating_sub(Span::new().months(USUAL_MONTHS)));
        if from >= to {
            let invalid = Invalid::new("out_of_range", "This must be after `from`.");
            return Err(Error::invalid_field("?to", invalid));
        }
        if from.saturating_add(Span::new().months(MAX_MONTHS)) < to {
            let invalid =
                Invalid::new("out_of_range", format!("This may be at most {MAX_MONTHS} months after `from`."));
            return Err(Error::invalid_field("?to", invalid));
        }
        store::earnings::by_month(&connection, actor.user_id, (instant(from)?, instant(to)?)).await
    }

    /// Every account's debits and credits up to an instant (now unless given), for admins; and that instant.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn trial_balance(
        &self,
        actor: &Actor,
        at: Option<Timestamp>,
        currency: Option<Currency>,
    ) -> Result<(Timestamp, Vec<AccountBalance>)> {
        if actor.role != Role::Admin {
            return Err(Error::new(ErrorCode::Forbidden, "Only admins see the books."));
        }
        let connection = self.db.connection().await?;
        let at = match at {
            Some(at) => at,
            None => store::clock::now(&connection).await?,
        };
        Ok((at, store::earnings::trial_balance(&connection, at, currency).await?))
    }
}

fn instant(day: Date) -> Result<Timestamp> {
    day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(Error::internal)
}
