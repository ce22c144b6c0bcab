//! Stays, booked by the use case itself.

use domain::error::Result;
use domain::id::{BookingId, PropertyId};
use services::bookings::{Booking, BookingRequest};

use crate::{Kit, Person, in_days, one_adult};

/// A stay of one adult from and to so many days from today.
pub fn stay(property_id: PropertyId, (check_in, check_out): (i32, i32)) -> BookingRequest {
    BookingRequest {
        property_id,
        check_in: in_days(check_in),
        check_out: in_days(check_out),
        guests: one_adult(),
        message: None,
        quote_id: None,
        expected_total: None,
    }
}

impl Kit {
    /// Books.
    ///
    /// # Errors
    /// Those of the use case.
    pub async fn try_to_book(&self, guest: &Person, request: &BookingRequest) -> Result<Booking> {
        let (services, actor) = (&self.services, &guest.actor);
        let sealer = &services.sealer().await?;
        services
            .write("test.book", |tx| async move { services.create_booking(&tx, actor, request, sealer).await })
            .await
    }

    /// Books a stay of one adult from and to so many days from today.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn book(&self, guest: &Person, property_id: PropertyId, days: (i32, i32)) -> Booking {
        self.try_to_book(guest, &stay(property_id, days)).await.expect("booked")
    }

    /// A stay as [`Self::book`] makes it, confirmed without a payment.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn confirmed_stay(&self, guest: &Person, property_id: PropertyId, days: (i32, i32)) -> BookingId {
        let id = self.book(guest, property_id, days).await.id;
        let sql = "UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL WHERE id = $1";
        self.database.execute(sql, &[&id.uuid()]).await;
        id
    }
}
