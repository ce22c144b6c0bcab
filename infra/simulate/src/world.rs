//! The product and everything around it, for one run: a database of its own, every route in this process, a simulated
//! payment provider, and the people.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::cancellation::CancellationPolicy;
use domain::money::Currency;
use domain::property::Percent;
use domain::time_zone::TimeZoneName;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use services::Services;
use testkit::{APP_ROLE, Api, Kit, Person, StripeAccount};

use crate::schedule::{GUESTS, LISTINGS};
use crate::steps::Side;
use crate::stores::Stores;

/// When every run begins, whatever the wall clock says: near the end of what the simulator's clock can be moved to, so
/// that it stays ahead of the wall clock for years.
const BEGIN: &str = "2034-01-02T09:00:00Z";

/// More than the guests of a run can hold.
const MAX_UNPAID_HOLDS: u32 = 1_000;

/// A listing and its host.
pub(crate) struct Listing {
    /// `prop_…`.
    pub(crate) id: String,
    /// Who lets it.
    pub(crate) host: Person,
}

/// What a guest knows of a booking that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The answer never came.
    Nothing,
    /// No, in these bytes if they are kept under the key.
    Refused(Option<Vec<u8>>),
    /// Yes.
    Made {
        /// `book_…`.
        id: String,
        /// The answer, byte for byte.
        answer: Vec<u8>,
    },
}

/// A booking that was asked for.
pub(crate) struct Asked {
    /// By whom.
    pub(crate) guest: usize,
    /// For which listing.
    pub(crate) listing: usize,
    /// The key of the request.
    pub(crate) key: String,
    /// Its body.
    pub(crate) body: serde_json::Value,
    /// When, by the run's own clock.
    pub(crate) at: SignedDuration,
    /// What came of it.
    pub(crate) known: Known,
    /// What the guest has got to pay it by.
    pub(crate) client_secret: Option<String>,
}

/// What was promised by an answer, and must be so ever after.
#[derive(Default)]
pub(crate) struct Promised {
    /// Bookings of these ids, in this state for good.
    pub(crate) ended: BTreeMap<String, &'static str>,
    /// Refunds of these reasons.
    pub(crate) refunds: Vec<String>,
    /// Reviews of these ids.
    pub(crate) reviews: Vec<String>,
}

/// One run's world.
pub(crate) struct World {
    /// The product.
    pub(crate) kit: Kit,
    /// The payment provider.
    pub(crate) stripe: StripeAccount,
    /// Every route.
    pub(crate) api: Api,
    /// What is not in PostgreSQL.
    pub(crate) stores: Arc<Stores>,
    /// Who travels.
    pub(crate) guests: Vec<Person>,
    /// What they can book.
    pub(crate) listings: Vec<Listing>,
    /// How far the run's own clock has come.
    pub(crate) clock: Cell<SignedDuration>,
    /// Bookings by their numbers.
    pub(crate) asked: RefCell<BTreeMap<usize, Asked>>,
    /// What must hold.
    pub(crate) promised: RefCell<Promised>,
    /// Whether nothing is going wrong that could excuse a failure.
    pub(crate) calm: Cell<bool>,
    /// The last event of the provider that was seen.
    pub(crate) seen_event: RefCell<Option<String>>,
    /// Events of the provider that come later.
    pub(crate) late_events: RefCell<Vec<String>>,
    /// What makes what is due by the wall clock due.
    waiting: String,
}

impl World {
    /// A new one.
    pub(crate) async fn new() -> Self {
        let stores = Arc::new(Stores::default());
        let change = |services: &mut Services| {
            stores.replace(services);
            services.settings.max_unpaid_holds = MAX_UNPAID_HOLDS;
        };
        let (kit, stripe) = Kit::on_postgres(change).await;
        let begin: Timestamp = BEGIN.parse().expect("an instant");
        let ahead = begin.duration_since(Timestamp::now());
        assert!(ahead.is_positive(), "the wall clock has overtaken {BEGIN}: move the beginning of the simulation on");
        kit.database.set_now(begin).await;
        stripe.advance(ahead).await;
        let (mut guests, mut hosts) = (Vec::new(), Vec::new());
        for _ in 0..GUESTS {
            guests.push(kit.guest().await);
        }
        for _ in 0..3 {
            hosts.push(kit.host().await);
        }
        let mut listings = Vec::new();
        for number in 0..LISTINGS {
            let host = hosts[number % hosts.len()].clone();
            listings.push(Listing { id: listing(&kit, &host, number).await, host });
        }
        let routes = bookings::routes().merge(payments::routes()).merge(properties::routes()).merge(reviews::routes());
        let (api, waiting) = (kit.api(routes), waiting(&kit).await);
        Self {
            kit,
            stripe,
            api,
            stores,
            guests,
            listings,
            clock: Cell::default(),
            asked: RefCell::default(),
            promised: RefCell::default(),
            calm: Cell::new(true),
            seen_event: RefCell::default(),
            late_events: RefCell::default(),
            waiting,
        }
    }

    /// The date so many days from today, in UTC and by the run's own clock.
    pub(crate) fn in_days(&self, days: u32) -> Date {
        let begin: Timestamp = BEGIN.parse().expect("an instant");
        let today = (begin + self.clock.get()).to_zoned(TimeZone::UTC).date();
        today.checked_add(i64::from(days).days()).expect("not that far")
    }

    /// A token that is good for this request: those made before may have ended.
    pub(crate) fn token(&self, person: &Person) -> String {
        self.kit.tokens.access_token(person.id, "user")
    }

    /// The one side of a booking that was asked for.
    pub(crate) fn person(&self, asked: &Asked, side: Side) -> &Person {
        match side {
            Side::Guest => &self.guests[asked.guest],
            Side::Host => &self.listings[asked.listing].host,
        }
    }

    /// Time goes by, for everybody.
    pub(crate) async fn wait(&self, by: SignedDuration) {
        self.clock.set(self.clock.get() + by);
        self.kit.database.advance(by).await;
        self.stripe.advance(by).await;
        self.stores.advance(by);
        let seconds = by.as_secs().to_string();
        self.kit.database.batch(&self.waiting.replace("$seconds", &seconds)).await;
    }

    /// The server ends every connection of the application.
    pub(crate) async fn lose_connections(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE usename = $1 AND datname = current_database()";
        self.kit.database.rows(sql, &[&APP_ROLE]).await;
    }
}

/// What is counted by the wall clock (when somebody was asked last, who has claimed what) is so much longer ago.
async fn waiting(kit: &Kit) -> String {
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name IN ('asked_at', 'claimed_until')
               ORDER BY 1, 2";
    let columns = kit.database.rows(sql, &[]).await;
    let aged = columns.iter().map(|row| {
        let (table, column) = (row.get::<_, &str>(0), row.get::<_, &str>(1));
        format!(
            "UPDATE {table} SET {column} = {column} - $seconds * interval '1 second' WHERE {column} > to_timestamp(0);"
        )
    });
    aged.collect()
}

/// Listings differ in whatever changes the course of a booking or its price.
async fn listing(kit: &Kit, host: &Person, number: usize) -> String {
    let policies = [
        CancellationPolicy::Flexible,
        CancellationPolicy::Moderate,
        CancellationPolicy::Limited,
        CancellationPolicy::Firm,
        CancellationPolicy::Strict,
    ];
    let currencies = ["USD", "EUR", "JPY", "KWD"];
    let zones = ["Europe/Paris", "America/New_York", "Asia/Tokyo"];
    let property = kit.listing_of(host, |details| {
        details.instant_book = number.is_multiple_of(2);
        details.cancellation_policy = policies[number % policies.len()];
        details.currency = currencies[number % currencies.len()].parse::<Currency>().expect("a currency");
        details.cleaning_fee_minor = if number.is_multiple_of(3) { 3_500 } else { 0 };
        details.weekly_discount_percent =
            Percent::new(if number.is_multiple_of(2) { 10 } else { 0 }).expect("a percentage");
        details.weekend_price_minor = (number % 4 == 1).then_some(13_330);
        details.rules.preparation_nights = u32::from(number % 3 == 1);
        details.rules.time_zone = TimeZoneName::parse(zones[number % zones.len()]).expect("a zone");
    });
    property.await.id.to_string()
}
