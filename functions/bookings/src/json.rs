//! Wire types of bookings: what comes in, what goes out.

use domain::booking::{BookingStatus, Party};
use domain::cancellation::CancellationPolicy;
use domain::error::Invalid;
use domain::id::{BookingId, PaymentId, PropertyId, UserId};
use domain::money::Money;
use domain::pricing::Price;
use domain::stay::Guests;
use domain::text::{Lines, checked};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use services::bookings::{Booking, BookingRequest, TimelineEntry};
use utoipa::ToSchema;
use web::fields::{Faulty, Fields, FromFields, Read, date, integer_between, object, text, text_with};

/// The longest message to a host, in characters.
const MESSAGE_MAX_LENGTH: usize = 2_000;

/// Who comes. Adults and children count as guests; infants and pets do not.
#[derive(ToSchema)]
pub struct GuestsIn {
    #[schema(minimum = 1, maximum = 50)]
    adults: i64,
    #[schema(minimum = 0, maximum = 50, default = 0)]
    children: Option<i64>,
    #[schema(minimum = 0, maximum = 50, default = 0)]
    infants: Option<i64>,
    #[schema(minimum = 0, maximum = 50, default = 0)]
    pets: Option<i64>,
}

impl FromFields for GuestsIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let adults = fields.required("adults", integer_between(1, Guests::MAX));
        let children = fields.optional("children", integer_between(0, Guests::MAX));
        let infants = fields.optional("infants", integer_between(0, Guests::MAX));
        let pets = fields.optional("pets", integer_between(0, Guests::MAX));
        let read = Self { adults: adults?, children: children?, infants: infants?, pets: pets? };
        // Limits that span the fields.
        match read.parse() {
            Ok(_) => Ok(read),
            Err(faults) => {
                faults.into_iter().for_each(|(name, invalid)| {
                    fields.fault(name, invalid);
                });
                Err(Faulty)
            }
        }
    }
}

impl GuestsIn {
    pub(crate) fn parse(&self) -> Result<Guests, Vec<(&'static str, Invalid)>> {
        Guests::parse(self.adults, self.children.unwrap_or(0), self.infants.unwrap_or(0), self.pets.unwrap_or(0))
    }
}

/// A stay to book.
#[derive(ToSchema)]
pub struct CreateBookingIn {
    property_id: PropertyId,
    /// Arrival, a date at the property.
    #[schema(value_type = String, format = "date")]
    check_in: Date,
    /// Departure.
    #[schema(value_type = String, format = "date")]
    check_out: Date,
    #[schema(value_type = GuestsIn)]
    guests: Guests,
    /// Words to the host.
    #[schema(max_length = 2000)]
    message: Option<String>,
    /// From the quote the guest was shown; another price is refused.
    quote_id: Option<String>,
    /// The total the guest was shown; another one is refused.
    expected_total: Option<Money>,
}

impl FromFields for CreateBookingIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let property_id = fields.required("property_id", text);
        let check_in = fields.required("check_in", date);
        let check_out = fields.required("check_out", date);
        let guests = fields.required("guests", object::<GuestsIn>);
        let message =
            fields.optional("message", text_with(|message| checked(message, 1, MESSAGE_MAX_LENGTH, Lines::Many)));
        let quote_id = fields.optional("quote_id", text_with(|quote_id| Ok(quote_id.to_owned())));
        let expected_total = fields.optional("expected_total", object);
        let guests = guests?.parse().map_err(|_| Faulty);
        Ok(Self {
            property_id: property_id?,
            check_in: check_in?,
            check_out: check_out?,
            guests: guests?,
            message: message?,
            quote_id: quote_id?,
            expected_total: expected_total?,
        })
    }
}

impl From<CreateBookingIn> for BookingRequest {
    fn from(body: CreateBookingIn) -> Self {
        Self {
            property_id: body.property_id,
            check_in: body.check_in,
            check_out: body.check_out,
            guests: body.guests,
            message: body.message,
            quote_id: body.quote_id,
            expected_total: body.expected_total,
        }
    }
}

/// One thing that happened to a booking.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntryOut {
    #[schema(value_type = String, format = "date-time")]
    at: Timestamp,
    event: String,
    by: Party,
}

/// A booking.
#[derive(Serialize, ToSchema)]
pub struct BookingOut {
    id: BookingId,
    property_id: PropertyId,
    guest_id: UserId,
    host_id: UserId,
    status: BookingStatus,
    #[schema(value_type = String, format = "date")]
    check_in: Date,
    #[schema(value_type = String, format = "date")]
    check_out: Date,
    nights: u32,
    guests: Guests,
    price: Price,
    /// As it was when the stay was booked.
    cancellation_policy: CancellationPolicy,
    /// Until when an unpaid or unanswered booking holds its nights.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    hold_expires_at: Option<Timestamp>,
    /// The attempt to pay that was made last.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_by: Option<Party>,
    /// What happened, oldest first.
    timeline: Vec<TimelineEntryOut>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&Booking> for BookingOut {
    fn from(booking: &Booking) -> Self {
        let entry = |entry: &TimelineEntry| TimelineEntryOut { at: entry.at, event: entry.event.clone(), by: entry.by };
        Self {
            id: booking.id,
            property_id: booking.property_id,
            guest_id: booking.guest_id,
            host_id: booking.host_id,
            status: booking.status,
            check_in: booking.dates.check_in(),
            check_out: booking.dates.check_out(),
            nights: booking.dates.nights(),
            guests: booking.guests,
            price: booking.price.clone(),
            cancellation_policy: booking.cancellation_policy,
            hold_expires_at: booking.hold_expires_at,
            payment_id: booking.payment_id,
            cancelled_by: booking.cancelled_by,
            timeline: booking.timeline.iter().map(entry).collect(),
            created_at: booking.created_at,
            updated_at: booking.updated_at,
        }
    }
}
