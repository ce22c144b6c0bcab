//! How often whoever may try what. Each try is counted before it is made, so that no number of them at the same moment
//! gets past a limit; what was no failure is given back. Never open: where nobody can count, the answer is
//! `unavailable`. See ADR 16.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Error, ErrorCode, Result};
use domain::throttle::{ClientAddress, Left, Policy};
use jiff::Timestamp;

use crate::Services;
use crate::ports::{Attempt, Bucket, Counted};
use crate::sealing::{Purpose, Sealer};

/// Whoever asks: not who they say they are, but where the request comes from.
#[derive(Debug, Default)]
pub struct Client {
    /// The address, as the gateway saw it; those without one count as one.
    pub address: Option<ClientAddress>,
    /// What the caller's program calls itself (`User-Agent`), as far as it is worth keeping.
    pub device: Option<String>,
    standings: Mutex<Vec<Standing>>,
}

/// How a client stands with the limit that is nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub policy: Policy,
    /// How many times it allows.
    pub quota: u32,
    /// Within how many seconds.
    pub window_seconds: u32,
    /// How many times are left now.
    pub remaining: u32,
    /// Seconds until all are there again; until the next, when none is left.
    pub reset_seconds: u32,
}

impl Client {
    /// A client at this address.
    pub fn new(address: Option<ClientAddress>, device: Option<String>) -> Self {
        Self { address, device, standings: Mutex::default() }
    }

    /// How it stands with the limit that is nearest, once it was counted.
    pub fn standing(&self) -> Option<Standing> {
        self.standings().iter().min_by_key(|standing| standing.remaining).copied()
    }

    fn stands(&self, standings: Vec<Standing>) {
        let mut known = self.standings();
        known.retain(|known| standings.iter().all(|standing| standing.policy != known.policy));
        known.extend(standings);
    }

    fn standings(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a try counts for.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    policy: Policy,
    subject: String,
    /// Refuses nobody: too many make each one dearer.
    is_gauge: bool,
    /// What succeeds is given back.
    only_failures: bool,
}

impl Rule {
    /// Calls of this client.
    pub(crate) fn calls(client: &Client) -> Self {
        Self::each(Policy::Calls, &[]).from(client)
    }

    /// Every try of these counts, whatever becomes of it.
    pub(crate) fn each(policy: Policy, subject: &[&str]) -> Self {
        Self { policy, subject: subject.join("\0"), is_gauge: false, only_failures: false }
    }

    /// What failed of these counts.
    pub(crate) fn failures(policy: Policy, subject: &[&str]) -> Self {
        Self { only_failures: true, ..Self::each(policy, subject) }
    }

    /// Those from this client alone.
    pub(crate) fn from(mut self, client: &Client) -> Self {
        let address = client.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        self.subject = format!("{}\0{address}", self.subject);
        self
    }

    /// Wrong tokens of mails from this client.
    pub(crate) fn of_mailed_tokens(client: &Client) -> [Self; 2] {
        [Self::calls(client), Self::failures(Policy::Token, &[]).from(client)]
    }

    /// Nobody is refused for these; where there are too many, the limits beside it shrink.
    pub(crate) fn gauged(self) -> Self {
        Self { is_gauge: true, ..self }
    }

    fn bucket(&self, services: &Services, sealer: &Sealer) -> Bucket {
        let limit = services.settings.limits.of(self.policy);
        let cost = limit.cost_milliseconds();
        let tag = sealer.tag(Purpose::Throttle, format!("{}\0{}", self.policy, self.subject).as_bytes());
        let tag = tag.get(..18).unwrap_or(&tag);
        Bucket {
            // Addresses of people are no business of whoever reads the cache.
            key: format!("throttle:{}:{}", self.policy, URL_SAFE_NO_PAD.encode(tag)),
            window: limit.window_milliseconds(),
            cost,
            strained_cost: if self.policy == Policy::Calls { cost } else { limit.strained_cost_milliseconds() },
        }
    }
}

/// A try that was let through: what to give back unless it failed, and to whom.
#[must_use]
#[derive(Debug)]
pub(crate) struct Pass {
    store: usize,
    costs: Vec<(String, i64)>,
    standings: Vec<Standing>,
}

impl Services {
    /// Counts a try.
    ///
    /// # Errors
    /// `rate_limited`; `unavailable` when nobody can count.
    pub(crate) async fn throttle(&self, client: &Client, rules: &[Rule]) -> Result<Pass> {
        let sealer = self.sealer().await?;
        let now = Timestamp::now().as_millisecond();
        let (gauges, limits): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| rule.is_gauge);
        let buckets = |rules: &[&Rule]| rules.iter().map(|rule| rule.bucket(self, &sealer)).collect();
        let attempt = Attempt { now, gauges: buckets(&gauges), limits: buckets(&limits) };
        let (store, counted) = self.count(&attempt).await?;
        let counted_limits: Vec<CountedLimit> =
            std::iter::zip(&limits, std::iter::zip(&attempt.limits, &counted.empty_at))
                .map(|(rule, (bucket, empty_at))| {
                    let cost = if counted.strained { bucket.strained_cost } else { bucket.cost };
                    CountedLimit { rule, bucket, cost, empty_at: *empty_at }
                })
                .collect();
        client.stands(counted_limits.iter().map(|limit| self.standing(limit, now)).collect());
        if !counted.allowed {
            let wait = counted_limits.iter().map(|limit| limit.left(now).wait_seconds).max().unwrap_or(1).max(1);
            let detail = format!("There were too many attempts. Try again in {wait} seconds.");
            return Err(Error::new(ErrorCode::RateLimited, detail).retry_after(wait));
        }
        let returned = counted_limits.iter().filter(|limit| limit.rule.only_failures);
        let mut costs: Vec<_> = returned.map(|limit| (limit.bucket.key.clone(), limit.cost)).collect();
        for ((rule, bucket), cost) in std::iter::zip(std::iter::zip(&gauges, &attempt.gauges), &counted.gauge_costs) {
            if rule.only_failures && *cost > 0 {
                costs.push((bucket.key.clone(), *cost));
            }
        }
        let standings = counted_limits.iter().map(|limit| self.standing(&limit.given_back(), now)).collect();
        Ok(Pass { store, costs, standings })
    }

    /// Gives back what a try has taken that was no failure. What can't be given back is lost to the client, not to us.
    pub(crate) async fn give_back(&self, client: &Client, pass: Pass) {
        client.stands(pass.standings);
        let Some(store) = self.throttles.get(pass.store).filter(|_| !pass.costs.is_empty()) else { return };
        if let Err(error) = store.give_back(&pass.costs, Timestamp::now().as_millisecond()).await {
            tracing::warn!(cause = error.causes(), "an attempt that succeeded stays counted");
        }
    }

    /// Does `work` as a try: it counts as a failure if it was a wrong guess.
    ///
    /// # Errors
    /// Those of `work`; `rate_limited`; `unavailable` when nobody can count.
    pub(crate) async fn throttled<T>(
        &self,
        client: &Client,
        rules: &[Rule],
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let pass = self.throttle(client, rules).await?;
        // What is tried is deep: in its own place, whoever awaits this has the stack to themselves.
        let outcome = Box::pin(work).await;
        if !outcome.as_ref().err().is_some_and(|error| is_wrong_guess(error.code())) {
            self.give_back(client, pass).await;
        }
        outcome
    }

    async fn count(&self, attempt: &Attempt) -> Result<(usize, Counted)> {
        let mut outcome = Err(Error::unavailable("there is nobody to count attempts"));
        for (at, store) in self.throttles.iter().enumerate() {
            match store.take(attempt).await {
                Ok(counted) => return Ok((at, counted)),
                Err(error) => {
                    tracing::warn!(at, cause = error.causes(), "attempts are counted by the next in line");
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    fn standing(&self, counted: &CountedLimit<'_>, now: i64) -> Standing {
        let (policy, left) = (counted.rule.policy, counted.left(now));
        let limit = self.settings.limits.of(policy);
        Standing {
            policy,
            quota: limit.quota,
            window_seconds: limit.window_seconds,
            remaining: left.times,
            reset_seconds: if left.times == 0 { left.wait_seconds } else { left.reset_seconds },
        }
    }
}

/// A limit as it is after a try.
#[derive(Clone, Copy)]
struct CountedLimit<'a> {
    rule: &'a Rule,
    bucket: &'a Bucket,
    cost: i64,
    empty_at: i64,
}

impl CountedLimit<'_> {
    fn left(&self, now: i64) -> Left {
        Left::of(self.bucket.window, self.cost, self.empty_at, now)
    }

    /// As it will be once the try was no failure.
    fn given_back(&self) -> Self {
        let given_back = if self.rule.only_failures { self.cost } else { 0 };
        Self { empty_at: self.empty_at - given_back, ..*self }
    }
}

fn is_wrong_guess(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidCredentials
            | ErrorCode::TokenInvalid
            | ErrorCode::TotpInvalid
            | ErrorCode::TokenReused
            | ErrorCode::Unauthenticated
            | ErrorCode::EmailTaken
    )
}
