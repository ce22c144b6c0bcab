//! The calendar that other sites read: its secret address, and what is in it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use domain::calendar_export::{KEPT_DAYS, TakenNights};
use domain::error::{Error, Result};
use domain::id::PropertyId;
use jiff::ToSpan as _;
use store::tx::Tx;

use crate::Services;
use crate::actor::Actor;
use crate::one_time_tokens::random_word;
use crate::properties::own_property;

/// Where other sites read a property's calendar; whoever has it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarExport {
    /// The whole address, with its secret.
    pub url: String,
}

impl Services {
    /// The address of the caller's own calendar; its secret is drawn when it is first asked for.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn calendar_export(&self, actor: &Actor, id: PropertyId) -> Result<CalendarExport> {
        self.write("calendar_exports.get", |tx| async move {
            own_property(&tx, actor, id).await?;
            // The property is locked: nobody draws another meanwhile.
            match store::calendar_exports::find(&*tx, id).await?.and_then(|property| property.token) {
                Some(token) => Ok(self.export_at(id, &token)),
                None => self.rotate_calendar_export(&tx, actor, id).await,
            }
        })
        .await
    }

    /// A new address within a transaction; the one before is good for nothing from the commit on.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn rotate_calendar_export(&self, tx: &Tx, actor: &Actor, id: PropertyId) -> Result<CalendarExport> {
        own_property(tx, actor, id).await?;
        let token = random_word();
        store::calendar_exports::replace_token(tx, id, &token).await?;
        Ok(self.export_at(id, &token))
    }

    /// The calendar as iCalendar text, for whoever has its secret.
    ///
    /// # Errors
    /// `not_found` also when the secret is wrong: what exists is not told.
    pub async fn exported_calendar(&self, id: PropertyId, token: &str) -> Result<String> {
        let connection = self.db.connection().await?;
        let property = store::calendar_exports::find(&connection, id).await?.ok_or_else(Error::not_found)?;
        let expected = property.token.ok_or_else(Error::not_found)?;
        verify_slices_are_equal(expected.as_bytes(), token.as_bytes()).map_err(|_unequal| Error::not_found())?;
        let from = property.time_zone.date_at(property.now).saturating_sub(KEPT_DAYS.days());
        let bookings = store::calendar_exports::bookings(&connection, id, from).await?;
        let blocked_nights = store::calendar_exports::blocked_nights(&connection, id, from).await?;
        let nights = TakenNights {
            property_id: id,
            uid_host: self.uid_host(),
            blocked_at: property.created_at,
            bookings: &bookings,
            blocked_nights: &blocked_nights,
        };
        Ok(nights.to_icalendar())
    }

    fn export_at(&self, id: PropertyId, token: &str) -> CalendarExport {
        let base = &self.settings.public_base_url;
        CalendarExport { url: format!("{base}/v1/properties/{id}/calendar.ics?token={token}") }
    }

    /// The host of the API's address, without its port.
    pub(crate) fn uid_host(&self) -> &str {
        let base = &self.settings.public_base_url;
        let host = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest);
        host.split(['/', ':']).next().unwrap_or(host)
    }
}
