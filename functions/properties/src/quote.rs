//! `GET /v1/properties/{id}/quote`.

use axum::Json;
use axum::extract::State;
use domain::id::PropertyId;
use domain::pricing::Price;
use domain::stay::{Guests, StayDates, parse_date};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use services::quotes::Quote;
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::params::integer_between;
use web::{AppState, FromParams, MaybeCaller, Params, PathId, Problem, Query};

/// The stay to be quoted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuoteParams {
    /// Arrival, a date at the property.
    #[param(value_type = String, format = "date")]
    pub check_in: Date,
    /// Departure.
    #[param(value_type = String, format = "date")]
    pub check_out: Date,
    /// Adults and children; 1 unless given.
    #[param(required = false, minimum = 1, maximum = 50)]
    pub guests: u32,
}

impl FromParams for QuoteParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let check_in = params.required("check_in", parse_date);
        let check_out = params.required("check_out", parse_date);
        let guests = params.optional("guests", integer_between(1, Guests::MAX));
        Ok(Self { check_in: check_in?, check_out: check_out?, guests: guests?.unwrap_or(1) })
    }
}

/// Why a stay can't be booked.
#[derive(Serialize, ToSchema)]
pub struct ReasonOut {
    code: &'static str,
    detail: String,
}

/// A price good for 15 minutes, or why there is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum QuoteOut {
    /// It can be booked.
    Bookable {
        /// Always true.
        bookable: bool,
        /// What the stay costs.
        price: Box<Price>,
        /// To be sent along with the booking.
        quote_id: String,
        /// Until when it is good.
        #[schema(value_type = String, format = "date-time")]
        expires_at: Timestamp,
    },
    /// It can't be booked.
    NotBookable {
        /// Always false.
        bookable: bool,
        /// Every reason.
        reasons: Vec<ReasonOut>,
        /// The nearest stays of the same length that can be, nearest first.
        nearest: Vec<StayDates>,
    },
}

impl From<Quote> for QuoteOut {
    fn from(quote: Quote) -> Self {
        match quote {
            Quote::Bookable(offer) => Self::Bookable {
                bookable: true,
                price: Box::new(offer.price),
                quote_id: offer.quote_id,
                expires_at: offer.expires_at,
            },
            Quote::NotBookable { reasons, nearest } => Self::NotBookable {
                bookable: false,
                reasons: reasons.into_iter().map(|(code, detail)| ReasonOut { code, detail }).collect(),
                nearest,
            },
        }
    }
}

/// What a stay costs, line by line.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/quote",
    tag = "properties",
    operation_id = "quoteStay",
    params(("id" = PropertyId, Path), QuoteParams),
    security((), ("access_token" = [])),
    responses((status = 200, description = "The price, or why there is none", body = QuoteOut))
)]
pub(crate) async fn quote_stay(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<PropertyId>,
    Query(stay): Query<QuoteParams>,
) -> Result<Json<QuoteOut>, Problem> {
    let guests = Guests { adults: stay.guests, children: 0, infants: 0, pets: 0 };
    let quote = app.services.quote(actor.as_ref(), id, (stay.check_in, stay.check_out), guests).await?;
    Ok(Json(quote.into()))
}
