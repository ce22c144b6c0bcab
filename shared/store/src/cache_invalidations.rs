//! The table `cache_invalidations`: what committed changes made untrue in the cache, until the cache knows. Its rows
//! are written by triggers, in the transaction of the change.

use domain::error::{Error, Result};
use domain::geo::LEVELS;
use domain::id::PropertyId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::row::RowExt;
use crate::tx::Queries;

/// What an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// One property.
    Property(PropertyId),
    /// The listings in cells of the quad grid.
    Cells {
        /// Level of the cells.
        level: u8,
        /// The cells.
        cells: Vec<i64>,
    },
    /// Every listing there is.
    World,
}

/// What the database says before the cache is asked.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Name of the database: two of them may share a cache.
    pub database: String,
    /// The database's minute: what is bookable changes with it.
    pub minute: Timestamp,
    /// Whether a change is committed that the cache does not know of.
    pub is_stale: bool,
}

/// A change the cache is to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalidation {
    transaction: i64,
    property_id: Uuid,
    /// Where searches find it, at the deepest level; -1 where they don't.
    pub cell_14: i64,
}

impl Invalidation {
    /// The property that changed.
    pub fn property_id(&self) -> PropertyId {
        PropertyId::from_uuid(self.property_id)
    }
}

/// Whether the cache can be trusted about something.
pub async fn standing(queries: &impl Queries, dependency: &Dependency) -> Result<Standing> {
    const SELECT: &str = "SELECT current_database()::text AS database, date_trunc('minute', app_now()) AS minute, ";
    let row = match dependency {
        Dependency::Property(id) => {
            let sql = format!(
                "-- cache_invalidations.standing_of_property
                 {SELECT} EXISTS (SELECT 1 FROM cache_invalidations WHERE property_id = $1) AS is_stale"
            );
            queries.row(&sql, &[&id.uuid()]).await?
        }
        Dependency::Cells { level, cells } => {
            let [.., deepest] = LEVELS;
            let shift = i32::from(2 * deepest.saturating_sub(*level));
            let sql = format!(
                "-- cache_invalidations.standing_of_cells
                 {SELECT} EXISTS (SELECT 1 FROM cache_invalidations
                                  WHERE cell_14 >= 0 AND cell_14 >> $1 = ANY($2)) AS is_stale"
            );
            queries.row(&sql, &[&shift, cells]).await?
        }
        Dependency::World => {
            let sql = format!(
                "-- cache_invalidations.standing_of_world
                 {SELECT} EXISTS (SELECT 1 FROM cache_invalidations WHERE cell_14 >= 0) AS is_stale"
            );
            queries.row(&sql, &[]).await?
        }
    };
    let row = row.ok_or_else(|| Error::internal("a SELECT without FROM gave no row"))?;
    Ok(Standing { database: row.read("database")?, minute: row.read("minute")?, is_stale: row.read("is_stale")? })
}

/// The oldest changes that the cache does not know of, and the name of the database.
pub async fn pending(queries: &impl Queries, limit: i64) -> Result<(Vec<Invalidation>, String)> {
    let sql = "-- cache_invalidations.pending
               SELECT transaction, property_id, cell_14, current_database()::text AS database FROM cache_invalidations
               ORDER BY transaction LIMIT $1";
    let rows = queries.rows(sql, &[&limit]).await?;
    let database = rows.first().map_or_else(|| Ok(String::new()), |row| row.read("database"))?;
    let invalidations = rows
        .iter()
        .map(|row| {
            Ok(Invalidation {
                transaction: row.read("transaction")?,
                property_id: row.read("property_id")?,
                cell_14: row.read("cell_14")?,
            })
        })
        .collect::<Result<_>>()?;
    Ok((invalidations, database))
}

/// Removes what the cache has been told. Not waited for on disk: after a crash it is only told again.
pub async fn delete(queries: &impl Queries, told: &[Invalidation]) -> Result<()> {
    let sql = "-- cache_invalidations.delete
               DELETE FROM cache_invalidations
               WHERE (transaction, property_id, cell_14)
                       IN (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]))
                   AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'";
    let transactions: Vec<_> = told.iter().map(|it| it.transaction).collect();
    let properties: Vec<_> = told.iter().map(|it| it.property_id).collect();
    let cells: Vec<_> = told.iter().map(|it| it.cell_14).collect();
    queries.execute(sql, &[&transactions, &properties, &cells]).await?;
    Ok(())
}
