//! Answers kept in the cache, right after every write.
//!
//! Everything cached hangs on generations: random words in the cache, one for each property and each area of the map.
//! An answer is kept under the words read before it was worked out; a change removes the words after its commit, and
//! what was kept under them is never found again. Until a change has done so its row in `cache_invalidations` says that
//! the cache is not to be trusted, so an outage of the cache at the moment of a write leaves nothing stale either
//! (ADR 11).

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Error, Result};
use domain::geo::{self, BoundingBox, MAX_COVER_CELLS, WORLD_LEVEL};
use store::cache_invalidations::{self, Invalidation, Standing};
use uuid::Uuid;

use crate::Services;
use crate::ports::{Look, Looked};

pub use store::cache_invalidations::Dependency;

/// An answer older than this is worked out anew, whatever else.
const TTL_SECONDS: u64 = 30;

/// Generations outlive the answers under them.
const GENERATION_TTL_SECONDS: u64 = 600;

/// What is asked for again within so long is hot.
const ASKED_AGAIN_SECONDS: u64 = 60;

/// How long one works on an answer that others wait for, before another may begin.
const LEASE_SECONDS: u64 = 3;

/// How long others wait for whoever is working on the answer, before they do so themselves.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often they look.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Changes told at a time.
const BATCH_ROWS: i64 = 500;

/// Levels of the quad grid whose cells have generations, fine to coarse; a larger area hangs on the whole world's.
const AREA_LEVELS: [u8; 2] = [8, 4];

impl Services {
    /// The answer of this name, from the cache if it is there and still true, else worked out by `compute` and kept.
    /// Of many who ask at the same moment one works it out.
    ///
    /// `name` has all that the answer depends on apart from `dependency` and the time.
    ///
    /// # Errors
    /// Those of `compute`, which are not kept; `unavailable` when the database can't be reached.
    pub async fn cached<F>(&self, dependency: Dependency, name: &str, compute: impl FnOnce() -> F) -> Result<Vec<u8>>
    where
        F: Future<Output = Result<Vec<u8>>>,
    {
        self.looked_up(dependency, name, None, compute).await
    }

    /// The same for answers most of which nobody asks for again, such as those of a map that is being moved: only what is
    /// asked for a second time is kept.
    ///
    /// # Errors
    /// As [`Services::cached`].
    pub async fn cached_when_asked_again<F>(
        &self,
        dependency: Dependency,
        name: &str,
        compute: impl FnOnce() -> F,
    ) -> Result<Vec<u8>>
    where
        F: Future<Output = Result<Vec<u8>>>,
    {
        self.looked_up(dependency, name, Some(ASKED_AGAIN_SECONDS), compute).await
    }

    async fn looked_up<F>(
        &self,
        dependency: Dependency,
        name: &str,
        only_when_asked_again_within: Option<u64>,
        compute: impl FnOnce() -> F,
    ) -> Result<Vec<u8>>
    where
        F: Future<Output = Result<Vec<u8>>>,
    {
        // Before the generations are read: what is not stale now hangs on generations that are in the cache by then.
        let standing = cache_invalidations::standing(&self.db.connection().await?, &dependency).await?;
        if standing.is_stale {
            return compute().await;
        }
        let look = Look {
            generations: generation_keys(&standing.database, &dependency),
            fresh_generation: Uuid::new_v4().simple().to_string(),
            generation_seconds: GENERATION_TTL_SECONDS,
            name: answer_name(&standing, name),
            lease_seconds: LEASE_SECONDS,
            only_when_asked_again_within,
        };
        let waiting_since = std::time::Instant::now();
        while waiting_since.elapsed() < PATIENCE {
            match self.cache.look(&look).await {
                Some(Looked::Kept(kept)) => return Ok(kept),
                Some(Looked::Leased(key)) => {
                    let outcome = compute().await;
                    let answer = outcome.as_ref().ok().map(Vec::as_slice);
                    self.cache.end_lease(&key, answer, TTL_SECONDS).await;
                    return outcome;
                }
                Some(Looked::Awaited) => tokio::time::sleep(LOOK_EVERY).await,
                Some(Looked::NotWorthKeeping) | None => break,
            }
        }
        compute().await
    }

    /// Tells the cache of committed changes, after a write. Failing is no fault of the write: until the cache is told
    /// nobody trusts it, and the scheduler tries again.
    pub(crate) async fn tell_cache(&self) {
        if let Err(error) = self.tell_cache_batch().await {
            tracing::warn!(cause = error.causes(), "the cache is told later");
        }
    }

    /// Tells the cache of all committed changes that it has not been told of; gives how many those were.
    ///
    /// # Errors
    /// `unavailable` when the database or the cache is down.
    pub async fn tell_cache_all(&self) -> Result<u64> {
        let mut total = 0;
        loop {
            let told = self.tell_cache_batch().await?;
            total += told;
            if told < BATCH_ROWS.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    async fn tell_cache_batch(&self) -> Result<u64> {
        let connection = self.db.connection().await?;
        let (pending, database) = cache_invalidations::pending(&connection, BATCH_ROWS).await?;
        if pending.is_empty() {
            return Ok(0);
        }
        let keys: BTreeSet<String> = pending.iter().flat_map(|it| changed_keys(&database, it)).collect();
        if !self.cache.delete(&Vec::from_iter(keys)).await {
            return Err(Error::unavailable("the cache does not answer"));
        }
        cache_invalidations::delete(&connection, &pending).await?;
        Ok(pending.len() as u64)
    }
}

/// What a search of this part of the map depends on; none is everywhere.
pub fn area(bounding_box: Option<BoundingBox>) -> Dependency {
    let Some(bounding_box) = bounding_box else { return Dependency::World };
    let boxes = bounding_box.split();
    AREA_LEVELS
        .into_iter()
        .find_map(|level| {
            let cells = geo::cells_of(&boxes, level, MAX_COVER_CELLS)?;
            Some(Dependency::Cells { level, cells })
        })
        .unwrap_or(Dependency::World)
}

fn answer_name(standing: &Standing, name: &str) -> String {
    let minute = standing.minute.as_second().to_be_bytes();
    let hash = digest(&SHA256, &[name.as_bytes(), b"\0", &minute].concat());
    format!("{}:answer:{}", standing.database, URL_SAFE_NO_PAD.encode(hash))
}

fn generation_keys(database: &str, dependency: &Dependency) -> Vec<String> {
    match dependency {
        Dependency::Property(id) => vec![format!("{database}:generation:{id}")],
        Dependency::Cells { level, cells } => cells.iter().map(|cell| cell_key(database, *level, *cell)).collect(),
        Dependency::World => vec![cell_key(database, WORLD_LEVEL, 0)],
    }
}

/// The generations that a change ends.
fn changed_keys(database: &str, change: &Invalidation) -> Vec<String> {
    let mut keys = vec![format!("{database}:generation:{}", change.property_id())];
    if change.cell_14 >= 0 {
        let levels = AREA_LEVELS.into_iter().chain([WORLD_LEVEL]);
        keys.extend(levels.map(|level| cell_key(database, level, geo::ancestor(change.cell_14, level))));
    }
    keys
}

fn cell_key(database: &str, level: u8, cell: i64) -> String {
    format!("{database}:generation:{level}:{cell}")
}
