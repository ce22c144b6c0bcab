//! Places by name: suggestions while somebody types, and what a search for a place means.

use std::collections::HashMap;

use domain::error::Result;
use domain::place::PlaceQuery;
pub use store::places::Place;

use crate::Services;

impl Services {
    /// At most `limit` places that may be meant, the likeliest first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn suggest_places(&self, query: &PlaceQuery, limit: usize) -> Result<Vec<Place>> {
        let connection = self.db.connection().await?;
        let mut best: HashMap<i64, f64> = HashMap::new();
        for candidate in store::places::candidates(&connection, query).await? {
            if let Some(score) = query.score(&candidate.key, candidate.weight) {
                let known = best.entry(candidate.place_id).or_insert(score);
                *known = known.max(score);
            }
        }
        let mut ranked: Vec<(i64, f64)> = best.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        let ids: Vec<i64> = ranked.into_iter().take(limit).map(|(id, _)| id).collect();
        store::places::find_many(&connection, &ids).await
    }

    /// The place that a text most likely means, such as `Lisbn` or `Springfield, Illinois`; none when nothing is like it.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn resolve_place(&self, query: &PlaceQuery) -> Result<Option<Place>> {
        Ok(self.suggest_places(query, 1).await?.pop())
    }
}
