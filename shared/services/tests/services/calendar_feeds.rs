//! Calendars of other sites as the scheduler reads them: what moves, what goes, and that no feed stops another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::calendar_feed::{FeedFault, FeedUrl};
use domain::id::{FeedId, PropertyId};
use jiff::SignedDuration;
use services::Services;
use services::calendar_feeds::FeedView;
use services::ports::{CalendarSource, FetchFailure, Fetched, Validators};
use testkit::{CalendarSite, Kit, Person, Served, in_days};

/// The date in so many days as calendars write it.
fn compact(days: i32) -> String {
    in_days(days).strftime("%Y%m%d").to_string()
}

/// A feed of this address, due at once.
async fn add(kit: &Kit, property_id: PropertyId, url: &str) -> FeedId {
    let id = FeedId::new();
    let sql = "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'Another site', $3)";
    kit.database.execute(sql, &[&id.uuid(), &property_id.uuid(), &url]).await;
    id
}

/// The nights that are taken, as `(uid, first, end)` in days from today.
async fn stays(kit: &Kit) -> Vec<(String, i32, i32)> {
    let sql = "SELECT uid, check_in - $1::date, check_out - $1::date FROM imported_stays ORDER BY check_in, uid";
    let rows = kit.database.rows(sql, &[&in_days(0)]).await;
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

fn stay(uid: &str, first: i32, end: i32) -> (String, i32, i32) {
    (uid.to_owned(), first, end)
}

/// A host's listing with one feed of a site of its own.
struct Importing {
    kit: Kit,
    site: CalendarSite,
    host: Person,
    property_id: PropertyId,
}

impl Importing {
    async fn start() -> Self {
        let site = CalendarSite::start().await;
        let kit = Kit::with(|services| site.trust(services)).await;
        let host = kit.host().await;
        let property_id = kit.listing_of(&host, |_| {}).await.id;
        add(&kit, property_id, &site.url("/a.ics")).await;
        Self { kit, site, host, property_id }
    }

    fn serve(&self, stays: &[(&str, i32, i32)]) {
        let dates: Vec<_> = stays.iter().map(|(uid, first, end)| (*uid, compact(*first), compact(*end))).collect();
        let dates: Vec<_> = dates.iter().map(|(uid, first, end)| (*uid, first.as_str(), end.as_str())).collect();
        self.site.serve_stays("/a.ics", &dates);
    }

    /// A pass after everything has become due again; gives the feed.
    async fn refresh(&self) -> FeedView {
        self.kit.database.batch("UPDATE calendar_feeds SET refresh_at = app_now() - interval '1 second'").await;
        let report = self.kit.services.run_maintenance().await;
        assert_eq!(report.failed_steps, Vec::<&str>::new());
        let mut feeds = self.kit.services.feeds(&self.host.actor, self.property_id).await.expect("feeds");
        feeds.pop().expect("a feed")
    }
}

#[tokio::test]
async fn a_stay_that_moves_moves_its_nights_and_one_that_vanishes_frees_them() {
    let it = Importing::start().await;
    it.serve(&[("a", 10, 12), ("b", 20, 22)]);
    let feed = it.refresh().await.feed;
    assert_eq!(stays(&it.kit).await, [stay("a", 10, 12), stay("b", 20, 22)]);
    assert_eq!((feed.stays, feed.last_error, feed.refreshed_at.is_some()), (2, None, true));
    assert_eq!(feed.refresh_at.duration_since(feed.refreshed_at.expect("read")).as_mins(), 60);
    it.serve(&[("a", 11, 14), ("c", 30, 31)]);
    it.refresh().await;
    assert_eq!(stays(&it.kit).await, [stay("a", 11, 14), stay("c", 30, 31)]);
    it.serve(&[]);
    it.refresh().await;
    assert_eq!(stays(&it.kit).await, []);
}

#[tokio::test]
async fn what_is_no_calendar_changes_nothing_and_is_told() {
    let it = Importing::start().await;
    it.serve(&[("a", 10, 12)]);
    it.refresh().await;
    let ok = |body: &str| Served::Raw(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}"));
    let status = |line: &str| Served::Raw(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    for (minutes, (served, fault, code)) in [15, 30, 60, 120, 240].into_iter().zip([
        (ok(""), FeedFault::NotACalendar, None),
        (ok("<html>Sign in</html>"), FeedFault::NotACalendar, None),
        (ok("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:b\r\n"), FeedFault::NotACalendar, None),
        (status("503 Service Unavailable"), FeedFault::Refused, Some(503)),
        (Served::Raw("SSH-2.0-OpenSSH\r\n".to_owned()), FeedFault::Unreachable, None),
    ]) {
        it.site.serve("/a.ics", served);
        let feed = it.refresh().await.feed;
        assert_eq!((feed.last_error, feed.last_status), (Some(fault), code));
        assert_eq!(feed.refresh_at.duration_since(feed.attempted_at.expect("tried")).as_mins(), minutes);
        assert!(feed.refreshed_at < feed.attempted_at);
        assert_eq!(stays(&it.kit).await, [stay("a", 10, 12)]);
    }
    it.serve(&[]);
    let feed = it.refresh().await.feed;
    assert_eq!((feed.last_error, feed.last_status, feed.stays), (None, None, 0));
}

#[tokio::test]
async fn a_stay_that_can_t_be_read_any_more_keeps_its_nights() {
    let it = Importing::start().await;
    it.serve(&[("a", 10, 12), ("b", 20, 22)]);
    it.refresh().await;
    it.site.serve_stays("/a.ics", &[("a", "soon", "later")]);
    let feed = it.refresh().await.feed;
    assert_eq!(stays(&it.kit).await, [stay("a", 10, 12)]);
    assert_eq!(feed.warnings.iter().map(|warning| warning.as_str()).collect::<Vec<_>>(), ["unreadable_events"]);
}

#[tokio::test]
async fn a_calendar_that_is_as_it_was_is_not_sent_again() {
    let it = Importing::start().await;
    it.serve(&[("a", 10, 12)]);
    let first = it.refresh().await.feed;
    it.kit.database.advance(SignedDuration::from_mins(61)).await;
    let second = it.refresh().await.feed;
    let requests = it.site.requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests[0].contains("if-none-match") && requests[1].contains("if-none-match"), "{requests:?}");
    assert!(second.refreshed_at > first.refreshed_at);
    assert_eq!(stays(&it.kit).await, [stay("a", 10, 12)]);
}

#[tokio::test]
async fn a_stay_that_clashes_with_a_booking_is_told_and_the_booking_stands() {
    let it = Importing::start().await;
    let guest = it.kit.guest().await;
    let id = domain::id::BookingId::new();
    it.kit
        .database
        .execute(
            "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, timeline)
             VALUES ($1, $2, $3, $4, 'confirmed', $5, $6, $6, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true, '[]')",
            &[&id.uuid(), &it.property_id.uuid(), &guest.id.uuid(), &it.host.id.uuid(), &in_days(10), &in_days(13)],
        )
        .await;
    // The stay that leaves as the guest arrives, and our own booking come back from the other site, are no conflicts.
    let echo = format!("{id}@api.roost.test");
    it.serve(&[("clash", 12, 14), ("before", 8, 10), (&echo, 10, 13)]);
    let view = it.refresh().await;
    let told: Vec<_> = view.conflicts.iter().map(|it| (it.uid.as_str(), it.booking_id)).collect();
    assert_eq!(told, [("clash", id)]);
    assert_eq!((view.conflicts[0].check_in, view.conflicts[0].check_out), (in_days(12), in_days(14)));
    assert_eq!(view.feed.stays, 3, "its nights are taken all the same");
    let status: String = it.kit.database.value("SELECT status FROM bookings", &[]).await;
    assert_eq!(status, "confirmed");
}

#[tokio::test]
async fn a_feed_of_an_archived_property_is_left_alone() {
    let it = Importing::start().await;
    it.serve(&[("a", 10, 12)]);
    it.kit.database.batch("UPDATE properties SET status = 'archived'").await;
    assert_eq!(it.kit.services.run_maintenance().await.refreshed_feeds, 0);
    assert!(it.site.requests().is_empty());
}

/// Another world of sites: what comes back is told by the address's last part.
#[derive(Default)]
struct Sites {
    asked: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

#[async_trait]
impl CalendarSource for Sites {
    async fn fetch(&self, url: &FeedUrl, _known: &Validators) -> Result<Fetched, FetchFailure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        let what = url.as_str().rsplit('/').next().unwrap_or_default();
        if what == "hangs" {
            // Given up from outside, it never comes to the line that counts it out.
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        tokio::task::yield_now().await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let calendar = |bytes: Vec<u8>| Fetched::Calendar { bytes, validators: Validators::default() };
        match what {
            "refuses" => Err(FetchFailure { fault: FeedFault::Refused, status: Some(500) }),
            "garbage" => Ok(calendar((0..4_096_u32).map(|n| (n * n % 251) as u8).collect())),
            "unchanged" => Ok(Fetched::Unchanged),
            _ => {
                let (first, end) = (compact(10), compact(12));
                let event = format!("BEGIN:VEVENT\nUID:u\nDTSTART:{first}\nDTEND:{end}\nEND:VEVENT\n");
                Ok(calendar(format!("BEGIN:VCALENDAR\n{event}END:VCALENDAR\n").into_bytes()))
            }
        }
    }
}

fn over(sites: &Arc<Sites>) -> impl FnOnce(&mut Services) {
    let sites = sites.clone();
    move |services| {
        services.calendars = sites;
        services.settings.calendar_feeds.read_limit = Duration::from_millis(300);
        services.settings.calendar_feeds.pass_limit = Duration::from_secs(300);
    }
}

/// `count` feeds of each kind, over 50 properties.
async fn add_many(kit: &Kit, host: &Person, count: i32) {
    for _ in 0..50 {
        kit.draft(host, |_| {}).await;
    }
    let sql = "INSERT INTO calendar_feeds (id, property_id, name, url)
               SELECT gen_random_uuid(), property.id, 'x', 'https://example.com/' || n || '/' || kind
               FROM (SELECT id, row_number() OVER () - 1 AS at FROM properties) property
               JOIN generate_series(0, $1 - 1) n ON n % 50 = property.at
               CROSS JOIN unnest(ARRAY['hangs', 'refuses', 'garbage', 'unchanged', 'calendar']) kind";
    kit.database.execute(sql, &[&count]).await;
}

async fn count(kit: &Kit, condition: &str) -> i64 {
    kit.database.value(&format!("SELECT count(*) FROM calendar_feeds WHERE {condition}"), &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_feeds_are_read_in_one_pass_though_many_hang_refuse_or_send_garbage() {
    let sites = Arc::new(Sites::default());
    let kit = Kit::with(over(&sites)).await;
    let host = kit.host().await;
    add_many(&kit, &host, 1_000).await;
    let started = std::time::Instant::now();
    let report = kit.services.run_maintenance().await;
    tracing::info!(seconds = started.elapsed().as_secs_f64(), "5,000 feeds");
    assert_eq!((report.refreshed_feeds, report.failed_steps), (2_000, vec![]));
    assert_eq!(sites.asked.load(Ordering::SeqCst), 5_000, "each once");
    assert!(sites.most_under_way.load(Ordering::SeqCst) <= kit.services.settings.calendar_feeds.at_a_time);
    assert_eq!(count(&kit, "attempted_at IS NULL OR refresh_at <= app_now()").await, 0);
    for (kind, fault) in [("hangs", "timed_out"), ("refuses", "refused"), ("garbage", "not_a_calendar")] {
        let condition = format!("url LIKE '%{kind}' AND last_error = '{fault}' AND refreshed_at IS NULL");
        assert_eq!(count(&kit, &condition).await, 1_000, "{kind}");
    }
    assert_eq!(count(&kit, "refreshed_at IS NOT NULL AND last_error IS NULL").await, 2_000);
    assert_eq!(stays(&kit).await.len(), 1_000);
    assert_eq!(kit.services.run_maintenance().await.refreshed_feeds, 0, "nothing is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_at_once_read_each_feed_once() {
    let sites = Arc::new(Sites::default());
    let kit = Arc::new(Kit::with(over(&sites)).await);
    let host = kit.host().await;
    add_many(&kit, &host, 50).await;
    let passes = [(); 3].map(|()| {
        let kit = kit.clone();
        tokio::spawn(async move { kit.services.run_maintenance().await.refreshed_feeds })
    });
    let mut refreshed = 0;
    for pass in passes {
        refreshed += pass.await.expect("no panic");
    }
    assert_eq!((refreshed, sites.asked.load(Ordering::SeqCst)), (100, 250));
}

#[tokio::test]
async fn a_pass_that_is_over_leaves_the_rest_to_the_next() {
    let sites = Arc::new(Sites::default());
    let kit = Kit::with(over(&sites)).await;
    let host = kit.host().await;
    add_many(&kit, &host, 2).await;
    let mut hurried = kit.more_services();
    over(&sites)(&mut hurried);
    hurried.settings.calendar_feeds.pass_limit = Duration::ZERO;
    assert_eq!(hurried.run_maintenance().await.refreshed_feeds, 0);
    assert_eq!((sites.asked.load(Ordering::SeqCst), count(&kit, "refresh_at <= app_now()").await), (0, 10));
    assert_eq!(kit.services.run_maintenance().await.refreshed_feeds, 4);
}

/// A site that answers when the test says so.
#[derive(Default)]
struct Gate {
    asked: tokio::sync::Notify,
    answer: tokio::sync::Notify,
}

#[async_trait]
impl CalendarSource for Gate {
    async fn fetch(&self, url: &FeedUrl, known: &Validators) -> Result<Fetched, FetchFailure> {
        self.asked.notify_one();
        self.answer.notified().await;
        Sites::default().fetch(url, known).await
    }
}

#[tokio::test]
async fn a_feed_deleted_while_it_is_read_takes_no_nights() {
    let gate = Arc::new(Gate::default());
    let kit = Arc::new(Kit::with(|services| services.calendars = gate.clone()).await);
    let host = kit.host().await;
    let draft = kit.draft(&host, |_| {}).await;
    add(&kit, draft.id, "https://example.com/calendar").await;
    let pass = tokio::spawn({
        let kit = kit.clone();
        async move { kit.services.run_maintenance().await }
    });
    gate.asked.notified().await;
    kit.database.batch("DELETE FROM calendar_feeds").await;
    gate.answer.notify_one();
    assert_eq!(pass.await.expect("no panic").failed_steps, Vec::<&str>::new());
    assert_eq!(stays(&kit).await, []);
}
