//! What a stay costs, or why it can't be booked.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use properties::quote::{QuoteOut, QuoteParams};
use serde::Deserialize;
use serde_json::json;

use crate::caller::{RequestExt, if_visible, parse_id};
use crate::codes::PriceLineCode;
use crate::scalars::{Date, DateTime, Money};
use crate::wire;

/// One line of a price.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct PriceLine {
    code: PriceLineCode,
    description: String,
    quantity: i32,
    unit_amount: Money,
    amount: Money,
}

/// What a stay costs the guest and brings the host.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Price {
    lines: Vec<PriceLine>,
    subtotal: Money,
    guest_fee: Money,
    taxes: Money,
    total: Money,
    host_fee: Money,
    host_payout: Money,
}

/// Why a stay can't be booked.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct QuoteReason {
    code: String,
    detail: String,
}

/// Nights from check-in to check-out.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct StayDates {
    check_in: Date,
    check_out: Date,
}

/// A price good for 15 minutes, or why there is none.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Quote {
    bookable: bool,
    price: Option<Price>,
    /// To be sent along with the booking.
    quote_id: Option<String>,
    expires_at: Option<DateTime>,
    /// Every reason; none when it can be booked.
    #[serde(default)]
    reasons: Vec<QuoteReason>,
    /// The nearest stays of the same length that can be booked, nearest first.
    #[serde(default)]
    nearest: Vec<StayDates>,
}

/// Quotes a stay at a property; null when the caller may not see it.
pub(crate) async fn quote(
    ctx: &Context<'_>,
    property_id: &str,
    check_in: Date,
    check_out: Date,
    guests: Option<i32>,
) -> Result<Option<Quote>> {
    let arguments = json!({ "check_in": check_in, "check_out": check_out, "guests": guests });
    let stay: QuoteParams = wire::read_params("/graphql/quote", &arguments)?;
    let Some(id) = parse_id(property_id) else { return Ok(None) };
    let guests = domain::stay::Guests { adults: stay.guests, children: 0, infants: 0, pets: 0 };
    let quote = ctx.services().quote(ctx.actor(), id, (stay.check_in, stay.check_out), guests).await;
    Ok(if_visible(quote)?.map(|quote| wire::object(&QuoteOut::from(quote))).transpose()?)
}

/// Prices.
#[derive(Default)]
pub(crate) struct QuoteQuery;

#[Object]
impl QuoteQuery {
    /// What a stay costs, line by line. `guests` are adults and children, 1 unless given.
    #[graphql(complexity = "50 + child_complexity")]
    async fn quote(
        &self,
        ctx: &Context<'_>,
        property_id: ID,
        check_in: Date,
        check_out: Date,
        guests: Option<i32>,
    ) -> Result<Option<Quote>> {
        quote(ctx, &property_id, check_in, check_out, guests).await
    }
}
