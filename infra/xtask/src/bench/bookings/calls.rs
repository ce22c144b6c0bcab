//! The service call that is measured, and what it is called with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bookings::json::BookingOut;
use domain::error::{Error, ErrorCode};
use domain::event::Event;
use domain::id::{EventId, PropertyId, SessionId, UserId};
use domain::stay::Guests;
use domain::user::Role;
use jiff::ToSpan as _;
use jiff::civil::Date;
use runtime::config::Config;
use services::bookings::BookingRequest;
use services::ports::EventPublisher;
use services::{Actor, SavedAnswer, Services};
use tokio_postgres::Client;

/// By these words what was booked here is found again and removed.
pub(crate) const MESSAGE: &str = "bench bookings";
/// So many stays one after the other at one listing and by one guest.
pub(crate) const STAYS_EACH: u64 = 40;
/// The first of them begins so many days from today: past nearly everything that was seeded.
const FIRST_DAY: i64 = 200;
/// Nights of each.
const NIGHTS: i64 = 2;

/// A listing, its host and somebody who books it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) property_id: PropertyId,
    pub(crate) host_id: UserId,
    pub(crate) guest_id: UserId,
}

/// Listings without rules that would be in the way, each with a guest of its own.
pub(crate) async fn targets(admin: &Client, wanted: i64) -> Result<Vec<Target>> {
    let sql = "WITH listings AS (
                   SELECT id, host_id, row_number() OVER (ORDER BY id) AS number FROM properties
                   WHERE status = 'listed' AND min_nights <= $2::int AND max_nights >= $2::int AND preparation_nights = 0
                       AND booking_window_days >= $3::int
                   LIMIT $1),
               guests AS (
                   SELECT id, row_number() OVER (ORDER BY id) AS number FROM users u
                   WHERE email_verified_at IS NOT NULL
                       AND NOT EXISTS (SELECT 1 FROM properties p WHERE p.host_id = u.id)
                   LIMIT $1)
               SELECT l.id, l.host_id, g.id FROM listings l JOIN guests g USING (number)";
    let last_day = i32::try_from(FIRST_DAY + NIGHTS * i64::try_from(STAYS_EACH)? + 10)?;
    let rows = admin.query(sql, &[&wanted, &i32::try_from(NIGHTS)?, &last_day]).await?;
    let targets = rows.iter().map(|row| Target {
        property_id: PropertyId::from_uuid(row.get(0)),
        host_id: UserId::from_uuid(row.get(1)),
        guest_id: UserId::from_uuid(row.get(2)),
    });
    Ok(targets.collect())
}

/// The use cases in process, as the function has them, but for the queue: it takes everything at once, since it is the
/// database that is measured.
pub(crate) fn services() -> Result<Services> {
    let config = Config::from_environment().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut services = runtime::services(&config).map_err(|error| anyhow::anyhow!("{error}"))?;
    services.events = Arc::new(EmptyQueue);
    services.settings.max_unpaid_holds = u32::MAX;
    Ok(services)
}

struct EmptyQueue;

#[async_trait]
impl EventPublisher for EmptyQueue {
    async fn publish(&self, events: &[Event]) -> domain::error::Result<Vec<EventId>> {
        Ok(events.iter().map(|event| event.id).collect())
    }
}

/// The nights of the stay of this number at a listing.
pub(crate) fn dates(today: Date, number: u64) -> (Date, Date) {
    let first = FIRST_DAY + NIGHTS * i64::try_from(number % STAYS_EACH).unwrap_or(0);
    (today.saturating_add(first.days()), today.saturating_add((first + NIGHTS).days()))
}

/// What a booking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It holds its nights.
    Booked,
    /// They are taken.
    Taken,
}

/// Books as the function does, with a key of its own.
pub(crate) async fn book(services: &Services, target: &Target, dates: (Date, Date)) -> Result<Came> {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    let key = format!("bench {} {}", std::process::id(), KEYS.fetch_add(1, Ordering::Relaxed));
    let key = services.idempotency(&target.guest_id.to_string(), &key, MESSAGE.as_bytes()).await;
    let key = key.map_err(failed)?;
    came(attempt(services, target, dates, Some(&key)).await)
}

/// The same without a key: what is measured where everybody wants the same nights.
pub(crate) async fn try_to_book(services: &Services, target: &Target, dates: (Date, Date)) -> Result<Came> {
    came(attempt(services, target, dates, None).await)
}

async fn attempt(
    services: &Services,
    target: &Target,
    (check_in, check_out): (Date, Date),
    key: Option<&services::IdempotencyKey>,
) -> domain::error::Result<bool> {
    let actor = &Actor {
        user_id: target.guest_id,
        role: Role::User,
        session_id: SessionId::new(),
        issued_at: jiff::Timestamp::now(),
    };
    let request = &BookingRequest {
        property_id: target.property_id,
        check_in,
        check_out,
        guests: Guests { adults: 1, children: 0, infants: 0, pets: 0 },
        message: Some(MESSAGE.to_owned()),
        quote_id: None,
        expected_total: None,
    };
    let answer = services.book(actor, request, key, |outcome| match outcome {
        Ok(booking) => SavedAnswer {
            status: 201,
            headers: Vec::new(),
            body: serde_json::to_vec(&BookingOut::from(booking)).unwrap_or_default(),
        },
        Err(_) => SavedAnswer { status: 409, headers: Vec::new(), body: Vec::new() },
    });
    Ok(answer.await?.saved.status == 201)
}

fn came(outcome: domain::error::Result<bool>) -> Result<Came> {
    match outcome {
        Ok(true) => Ok(Came::Booked),
        Ok(false) => Ok(Came::Taken),
        Err(error) if error.code() == ErrorCode::DatesUnavailable => Ok(Came::Taken),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: Error) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

/// Removes what was booked here, and what was written with it.
pub(crate) async fn sweep(admin: &Client) -> Result<()> {
    let sql = format!(
        "DELETE FROM outbox WHERE data->>'guest_id' IN (SELECT data FROM bench_guests);
         DELETE FROM idempotency_keys WHERE key LIKE 'bench %';
         DELETE FROM bookings WHERE message = '{MESSAGE}'"
    );
    admin.batch_execute(&sql).await.context("removing what was booked")
}
