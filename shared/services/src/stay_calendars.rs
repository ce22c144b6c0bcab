//! A stay for the guest's own calendar.

use domain::booking::BookingStatus;
use domain::error::{Error, Result};
use domain::id::BookingId;
use domain::stay_calendar::StayCalendar;
use store::bookings::Booking;
use store::properties::Property;

use crate::Services;
use crate::actor::Actor;
use crate::bookings::property_of;

impl Services {
    /// A stay of the actor's as iCalendar text.
    ///
    /// # Errors
    /// `forbidden` for its host, `not_found`.
    pub async fn stay_calendar(&self, actor: &Actor, id: BookingId) -> Result<String> {
        let booking = self.booking_of_guest(actor, id).await?;
        let connection = self.db.connection().await?;
        let property = property_of(&connection, &booking).await?;
        let host = store::users::find(&connection, booking.host_id).await?;
        let host = host.ok_or_else(|| Error::internal("a booking of no host"))?;
        let details = &property.details;
        let title = details.title.as_deref().unwrap_or("Your stay");
        let url = format!("{}/bookings/{id}", self.settings.web_base_url);
        let location = address(&booking, &property);
        let description = format!("Your host is {}. Booking {id}.", host.first_name);
        let calendar = StayCalendar {
            id,
            uid_host: self.uid_host(),
            dates: booking.dates,
            check_in_time: details.rules.check_in_time,
            check_out_time: details.check_out_time,
            time_zone: &details.rules.time_zone,
            status: booking.status,
            // One entry a change, and the first is none.
            sequence: booking.timeline.len().saturating_sub(1),
            updated_at: booking.updated_at,
            summary: title,
            location: location.as_deref(),
            description: &description,
            url: &url,
        };
        Ok(calendar.to_icalendar())
    }
}

/// Where it is, as far as the guest may know: the street once the stay is certain.
pub(crate) fn address(booking: &Booking, property: &Property) -> Option<String> {
    let place = property.details.place.as_ref()?;
    let is_certain = matches!(booking.status, BookingStatus::Confirmed | BookingStatus::Completed);
    let (street, postal_code) = (place.street.as_deref(), place.postal_code.as_deref());
    let town = [postal_code.filter(|_| is_certain), place.city.as_deref()];
    let town = town.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let parts =
        [street.filter(|_| is_certain), Some(town.as_str()), place.region.as_deref(), Some(place.country.as_str())];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    Some(parts.collect::<Vec<_>>().join(", "))
}
