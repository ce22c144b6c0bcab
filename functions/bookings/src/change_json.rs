//! Wire types of changes of stays.

use domain::booking::Party;
use domain::booking_change::ChangeStatus;
use domain::id::{BookingId, ChangeId, PaymentId};
use domain::money::Money;
use domain::pricing::Price;
use domain::stay::Guests;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use services::booking_changes::{BookingChange, ChangeRequest};
use utoipa::ToSchema;
use web::fields::{Faulty, Fields, FromFields, Read, date, object};

use crate::json::GuestsIn;

/// What a stay shall be.
#[derive(ToSchema)]
pub struct ChangeIn {
    /// Arrival, a date at the property.
    #[schema(value_type = String, format = "date")]
    check_in: Date,
    /// Departure.
    #[schema(value_type = String, format = "date")]
    check_out: Date,
    #[schema(value_type = GuestsIn)]
    guests: Guests,
}

impl FromFields for ChangeIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let check_in = fields.required("check_in", date);
        let check_out = fields.required("check_out", date);
        let guests = fields.required("guests", object::<GuestsIn>);
        let guests = guests?.parse().map_err(|_| Faulty);
        Ok(Self { check_in: check_in?, check_out: check_out?, guests: guests? })
    }
}

impl From<ChangeIn> for ChangeRequest {
    fn from(body: ChangeIn) -> Self {
        Self { check_in: body.check_in, check_out: body.check_out, guests: body.guests }
    }
}

/// Other dates or guests for a confirmed stay.
#[derive(Serialize, ToSchema)]
pub struct ChangeOut {
    id: ChangeId,
    booking_id: BookingId,
    status: ChangeStatus,
    /// `guest` or `host`; the other one answers.
    proposed_by: Party,
    #[schema(value_type = String, format = "date")]
    check_in: Date,
    #[schema(value_type = String, format = "date")]
    check_out: Date,
    nights: u32,
    guests: Guests,
    /// The price the stay then has.
    price: Price,
    /// The new total less the one before: above zero the guest pays it before the change takes effect, below zero it
    /// goes back.
    difference: Money,
    /// While it is open: until when it can be answered, or paid for once it is accepted. So long the nights are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Timestamp>,
    /// The attempt to pay the difference that was made last.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&BookingChange> for ChangeOut {
    fn from(change: &BookingChange) -> Self {
        Self {
            id: change.id,
            booking_id: change.booking_id,
            status: change.status,
            proposed_by: change.proposed_by,
            check_in: change.dates.check_in(),
            check_out: change.dates.check_out(),
            nights: change.dates.nights(),
            guests: change.guests,
            price: change.price.clone(),
            difference: change.difference,
            expires_at: change.expires_at,
            payment_id: change.payment_id,
            created_at: change.created_at,
            updated_at: change.updated_at,
        }
    }
}
