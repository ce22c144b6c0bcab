//! The measurements, in the process that holds the use cases.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use axum::body::Body;
use axum::http::Request;
use domain::id::PropertyId;
use runtime::config::Config;
use seed::{FULL_CITY, FULL_FROM_DAY, FULL_NIGHTS};
use services::Services;
use services::search::{SearchFilter, SearchRequest};
use tokio_postgres::Client;
use tower::ServiceExt as _;
use web::{AppState, HttpSettings};

use super::capture::{self, Sent};
use super::dense::{Dense, query};
use super::{SMALL_DATABASE, SearchArguments, pages, pgbench, server_log};
use crate::bench::lines::{Line, report};
use crate::bench::{median_and_p95, middle, milliseconds};
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::{DATABASE, Postgres};
use crate::ui::Step;

/// The city most measurements are of.
const CITY: (&str, &str, u32) = ("Lisbon", "PT", 0);
/// Searches that the throughput is measured with.
const SEARCHES: i64 = 24;

/// What the measurements work with.
struct Bench<'a> {
    paths: &'a Paths,
    arguments: &'a SearchArguments,
    postgres: Postgres,
    admin: Client,
    services: Arc<Services>,
    dense: Dense,
    api: String,
}

/// Measures everything and prints the table.
///
/// # Errors
/// When a bar is missed.
pub(super) async fn all(paths: &Paths, description: &Description, arguments: &SearchArguments) -> Result<()> {
    let postgres = description.postgres(paths)?;
    let admin = postgres.connect("postgres", DATABASE).await?;
    let services = Arc::new(services()?);
    let dense = Dense::around(&admin, CITY).await?;
    let api = description.api().to_owned();
    let bench = Bench { paths, arguments, postgres, admin, services, dense, api };
    let mut lines = bench.pages().await?;
    lines.push(bench.search_throughput().await?);
    lines.push(bench.overhead_of_the_path().await?);
    lines.push(bench.property_page().await?);
    lines.push(bench.deep_page().await?);
    lines.push(bench.year_calendar().await?);
    report(&lines)
}

fn services() -> Result<Services> {
    let config = Config::from_environment().map_err(|error| anyhow::anyhow!("{error}"))?;
    runtime::services(&config).map_err(|error| anyhow::anyhow!("{error}"))
}

impl Bench<'_> {
    async fn pages(&self) -> Result<Vec<Line>> {
        let step = Step::start("pages");
        let big = self.postgres.connect("roost_app", DATABASE).await?;
        let small = self.postgres.connect("roost_app", SMALL_DATABASE).await?;
        let dense = &self.dense;
        let typical = dense.typical()?;
        let (of_big, hits) = pages::of(&big, &typical).await?;
        let (of_small, small_hits) = pages::of(&small, &typical).await?;
        let what = format!("pages of a search among {}, {hits} hits", dense.listings);
        let mut lines = vec![Line::at_most(&what, number(of_big), "", 400.0)];
        let growth = number(of_big) / number(of_small.max(1));
        let what =
            format!("growth of its pages from {} listings ({of_small} pages, {small_hits} hits)", self.arguments.small);
        lines.push(Line::at_most(&what, growth, "", 1.2));

        let full = Dense::around(&self.admin, FULL_CITY).await?;
        let nights = full.nights(i64::from(FULL_FROM_DAY), i64::from(FULL_NIGHTS))?;
        let typical_of_full = SearchFilter { max_price_minor: None, ..full.typical()? };
        for (what, filter) in [
            ("nothing is that cheap", SearchFilter { max_price_minor: Some(1), ..typical.clone() }),
            ("nothing is that large", SearchFilter { guests: Some(50), ..typical.clone() }),
            ("all nights are taken", SearchFilter { dates: Some(nights), ..typical_of_full }),
        ] {
            let (pages, hits) = pages::of(&big, &filter).await?;
            if hits > 0 {
                bail!("{what}: {hits} hits all the same: seed on the day you measure");
            }
            lines.push(Line::at_most(&format!("pages where {what}"), number(pages), "", 1_000.0));
        }
        step.done("read");
        Ok(lines)
    }

    async fn search_throughput(&self) -> Result<Line> {
        let step = Step::start("throughput of the search");
        let requests: Vec<SearchRequest> = (0..SEARCHES)
            .map(|number| self.dense.one_of_many(number).map(SearchRequest::from))
            .collect::<Result<_>>()?;
        let transactions = self
            .captured(
                "listing_search.",
                requests
                    .iter()
                    .map(|request| async move |services: &Services| services.search(request).await.map(drop)),
            )
            .await?;
        let scripts = pgbench::scripts(&self.paths.state.join("pgbench"), "search", &transactions)?;
        let (services, requests) = (Arc::clone(&self.services), Arc::new(requests));
        let call = move |number: usize| {
            let (services, requests) = (Arc::clone(&services), Arc::clone(&requests));
            async move { services.search(&requests[number % requests.len()]).await.map(drop) }
        };
        let sides = self.against_pgbench(call, &scripts).await?;
        step.done(&format!("{} statements for {SEARCHES} searches", transactions.iter().map(Vec::len).sum::<usize>()));
        Ok(Line::at_least("throughput of the search call against pgbench", sides.0 / sides.1, sides, 0.65))
    }

    async fn property_page(&self) -> Result<Line> {
        let step = Step::start("throughput of the property page");
        let rows = self
            .admin
            .query("SELECT id FROM properties WHERE status = 'listed' AND rating_count >= 10 ORDER BY id LIMIT 50", &[])
            .await?;
        let ids: Vec<PropertyId> = rows.iter().map(|row| PropertyId::from_uuid(row.get(0))).collect();
        if ids.is_empty() {
            bail!("no property has 10 reviews");
        }
        let transactions = self
            .captured("properties.", ids.iter().map(|id| async move |services: &Services| page(services, *id).await))
            .await?;
        let scripts = pgbench::scripts(&self.paths.state.join("pgbench"), "property", &transactions)?;
        let (services, ids) = (Arc::clone(&self.services), Arc::new(ids));
        let call = move |number: usize| {
            let (services, ids) = (Arc::clone(&services), Arc::clone(&ids));
            async move { page(&services, ids[number % ids.len()]).await }
        };
        let sides = self.against_pgbench(call, &scripts).await?;
        step.done(&format!("{} statements a page", transactions.first().map_or(0, Vec::len)));
        Ok(Line::at_least("property page with 10 reviews against pgbench", sides.0 / sides.1, sides, 0.6))
    }

    /// What each of the calls sends, in order.
    async fn captured<F>(&self, first: &str, calls: impl Iterator<Item = F>) -> Result<Vec<Vec<Sent>>>
    where
        F: AsyncFnOnce(&Services) -> domain::error::Result<()>,
    {
        let log = server_log(self.paths);
        capture::begin(&self.admin).await?;
        // Sessions that begin now are logged.
        let services = services()?;
        let mut transactions = Vec::new();
        for call in calls {
            let position = capture::position(&log)?;
            call(&services).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
            transactions.push(capture::sent_since(&log, position, first)?);
        }
        capture::end(&self.admin).await?;
        Ok(transactions)
    }

    /// Calls a second of ours and of pgbench, in turns; the middle round of each.
    async fn against_pgbench<C, F>(&self, call: C, scripts: &[pgbench::Script]) -> Result<(f64, f64)>
    where
        C: Fn(usize) -> F + Clone + Send + 'static,
        F: Future<Output = domain::error::Result<()>> + Send,
    {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.rounds.max(1) {
            ours.push(throughput(&call, self.arguments.round()).await?);
            theirs.push(pgbench::throughput(&self.postgres, DATABASE, scripts, self.arguments.round()).await?);
        }
        Ok((middle(ours), middle(theirs)))
    }

    async fn overhead_of_the_path(&self) -> Result<Line> {
        let step = Step::start("the search over the whole path");
        let http = reqwest::Client::new();
        let (mut calls, mut paths) = (Vec::new(), Vec::new());
        let requests = i64::try_from(self.arguments.requests)?;
        for number in 0..requests + 20 {
            // No two are the same, so that no answer comes from the cache.
            let filter = self.dense.one_of_many(1_000 + number)?;
            let url = format!("{}/v1/properties?{}", self.api, query(&filter));
            let request = SearchRequest::from(filter);
            let since = Instant::now();
            self.services.search(&request).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
            let of_call = since.elapsed();
            let since = Instant::now();
            let answer = http.get(&url).send().await?;
            let status = answer.status();
            let body = answer.text().await?;
            let of_path = since.elapsed();
            if !status.is_success() {
                bail!("GET {url} answered {status}: {body}");
            }
            // The first few prepare statements and open connections.
            if number >= 20 {
                calls.push(of_call);
                paths.push(of_path);
            }
        }
        let (call, path) = (median(calls)?, median(paths)?);
        step.done(&format!("{} against {} of the call", milliseconds(path), milliseconds(call)));
        let over = (path.as_secs_f64() - call.as_secs_f64()) * 1_000.0;
        Ok(Line::at_most("the whole path over the call alone, median", over, " ms", 1.5))
    }

    async fn deep_page(&self) -> Result<Line> {
        let step = Step::start("the 50th page");
        let failed = |error: domain::error::Error| anyhow::anyhow!("{error:?}");
        let first = SearchRequest::from(self.dense.everything());
        let mut deep = first.clone();
        let mut page = 1;
        while page < 50 {
            let found = self.services.search(&deep).await.map_err(failed)?;
            // A small world has fewer.
            let Some(next) = found.next else { break };
            deep.filter.after = Some(next);
            page += 1;
        }
        let (mut of_first, mut of_deep) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.requests {
            for (request, times) in [(&first, &mut of_first), (&deep, &mut of_deep)] {
                let since = Instant::now();
                self.services.search(request).await.map_err(failed)?;
                times.push(since.elapsed());
            }
        }
        let (of_first, of_deep) = (median(of_first)?, median(of_deep)?);
        step.done(&format!("{} against {} of the first", milliseconds(of_deep), milliseconds(of_first)));
        let what = format!("page {page} against the first");
        Ok(Line::at_most(&what, of_deep.as_secs_f64() / of_first.as_secs_f64(), "", 1.5))
    }

    /// Through the router in process: handler, use case, SQL and JSON.
    async fn year_calendar(&self) -> Result<Line> {
        let step = Step::start("a year's calendar");
        let http = HttpSettings {
            public_base_url: "http://127.0.0.1".into(),
            cors_origins: Vec::new(),
            time_limit: HttpSettings::TIME_LIMIT,
        };
        let state = AppState { services: Arc::clone(&self.services), http: Arc::new(http) };
        let router = web::app(state, properties::routes());
        let rows =
            self.admin.query("SELECT id FROM properties WHERE status = 'listed' ORDER BY id LIMIT 100", &[]).await?;
        let ids: Vec<PropertyId> = rows.iter().map(|row| PropertyId::from_uuid(row.get(0))).collect();
        let (from, to) = (self.dense.today, self.dense.today.saturating_add(jiff::ToSpan::days(365)));
        let mut times = Vec::new();
        for number in 0..self.arguments.requests + 20 {
            let path = format!("/v1/properties/{}/calendar?from={from}&to={to}", ids[number % ids.len()]);
            let request = Request::get(&path).body(Body::empty())?;
            let since = Instant::now();
            let answer = router.clone().oneshot(request).await?;
            if !answer.status().is_success() {
                bail!("GET {path} answered {}", answer.status());
            }
            http_body_util::BodyExt::collect(answer.into_body()).await?;
            if number >= 20 {
                times.push(since.elapsed());
            }
        }
        let middle = median(times)?;
        step.done(&milliseconds(middle));
        Ok(Line::at_most("year calendar of a property, median", middle.as_secs_f64() * 1_000.0, " ms", 3.0))
    }
}

/// What a property's page shows: the property, and its newest reviews.
async fn page(services: &Services, id: PropertyId) -> domain::error::Result<()> {
    services.property(None, id).await?;
    services.property_reviews(None, id, None, 10).await.map(drop)
}

/// Calls a second by [`pgbench::CLIENTS`] clients, each calling again as soon as it has its answer.
async fn throughput<C, F>(call: &C, round: Duration) -> Result<f64>
where
    C: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = domain::error::Result<()>> + Send,
{
    let since = Instant::now();
    let clients: Vec<_> = (0..pgbench::CLIENTS)
        .map(|client| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while since.elapsed() < round {
                    let number = client * 3 + usize::try_from(done).unwrap_or(0);
                    call(number).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
                    done += 1;
                }
                Ok::<_, anyhow::Error>(done)
            })
        })
        .collect();
    let mut done = 0.0;
    for client in clients {
        done += f64::from(client.await??);
    }
    Ok(done / since.elapsed().as_secs_f64())
}

fn median(times: Vec<Duration>) -> Result<Duration> {
    Ok(median_and_p95(times).context("at least one request")?.0)
}

#[expect(clippy::cast_precision_loss, reason = "pages of one search")]
fn number(pages: i64) -> f64 {
    pages as f64
}
