//! A guest who pays, and the wait for what follows from it.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Answer, Api, Draft, Property, Provider, Stay, User, Watch, new_key};

/// The longest a webhook and its worker may take: what failed once comes again after the queue's 180 s.
const SETTLED_SECONDS: u64 = 200;
const POLL_MILLISECONDS: u64 = 100;

/// Asks for `path` until the member at `pointer` is `value`.
///
/// # Errors
/// When it is not within the time that a webhook and its worker may take.
pub async fn until(api: &Api, user: &User, path: &str, pointer: &str, value: &str) -> Result<Answer> {
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(POLL_MILLISECONDS));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let seen = api.get(path).by(user).expect(200).await?;
        if seen.text_at(pointer).is_ok_and(|is| is == value) {
            return Ok(seen);
        }
        if since.elapsed().as_secs() > SETTLED_SECONDS {
            bail!("{pointer} is not {value} within {SETTLED_SECONDS} s: {seen}");
        }
    }
}

/// A guest who has booked and asked to pay.
pub struct Paying {
    /// The API.
    pub api: Api,
    /// Whose place it is.
    pub host: User,
    /// Who pays.
    pub guest: User,
    /// Where the card is charged.
    pub provider: Provider,
    /// The path of the booking.
    pub booking: String,
    /// The place.
    pub property: Property,
    /// The nights.
    pub stay: Stay,
    /// The attempt, as it was answered.
    pub payment: Answer,
}

impl Paying {
    /// A guest who has booked three nights of such a place, and asked to pay.
    ///
    /// # Errors
    /// When the API does not answer as it should.
    pub async fn start(draft: &Draft) -> Result<Self> {
        let api = Api::connect().await?;
        let [host, guest] = api.two_users().await?;
        let property = api.listed_property(&host, draft).await?;
        let stay = Stay::in_days(40, 3)?;
        let booked = api.book(&guest, &stay.body(&property)).expect(201).await?;
        let booking = booked.text_at("/id")?;
        let body = json!({ "booking_id": booking });
        let payment = api.post("/v1/payments").by(&guest).key(&new_key()).json(&body).expect(201).await?;
        ensure!(payment.at("/amount")? == booked.at("/price/total")?, "not the booking's total: {payment}");
        let again = api.post("/v1/payments").by(&guest).key(&new_key()).json(&body).expect(200).await?;
        ensure!(again.at("/client_secret")? == payment.at("/client_secret")?, "another attempt: {again}");
        let booking = format!("/v1/bookings/{booking}");
        Ok(Self { provider: Provider::of_stack()?, api, host, guest, booking, property, stay, payment })
    }

    /// Pays with a test card; gives the provider's status.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn pay(&self, card: &str) -> Result<u16> {
        self.provider.pay(&self.payment.text_at("/client_secret")?, card).await
    }

    /// The path of the attempt.
    ///
    /// # Errors
    /// When it has no id.
    pub fn payment_path(&self) -> Result<String> {
        Ok(format!("/v1/payments/{}", self.payment.text_at("/id")?))
    }

    /// Waits until the attempt has this status.
    ///
    /// # Errors
    /// See [`until`].
    pub async fn until_payment(&self, user: &User, status: &str) -> Result<Answer> {
        until(&self.api, user, &self.payment_path()?, "/status", status).await
    }

    /// Waits until the booking has this status.
    ///
    /// # Errors
    /// See [`until`].
    pub async fn until_booking(&self, status: &str) -> Result<Answer> {
        until(&self.api, &self.guest, &self.booking, "/status", status).await
    }
}
