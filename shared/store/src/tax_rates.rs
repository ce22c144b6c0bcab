//! The table `tax_rates`: which taxes a place has. Rates are kept by the operator; nothing here writes them.

use std::collections::HashMap;

use domain::error::Result;
use domain::id::PropertyId;
use domain::money::BasisPoints;
use domain::pricing::TaxRate;
use jiff::civil::Date;

use crate::row::{RowExt, unsigned};
use crate::tx::Queries;

/// The taxes of these properties' places for stays that arrive on a day, in the order in which they are shown. A
/// property without taxes has no entry. Regions and cities match in whatever case they are written.
pub async fn of_properties(
    queries: &impl Queries,
    ids: &[PropertyId],
    check_in: Date,
) -> Result<HashMap<PropertyId, Vec<TaxRate>>> {
    let sql = "-- tax_rates.of_properties
               SELECT p.id AS property_id, t.description, t.basis_points
               FROM properties p JOIN tax_rates t ON t.country = p.country
               WHERE p.id = ANY($1) AND t.valid_from <= $2 AND (t.valid_until IS NULL OR $2 < t.valid_until)
                   AND (t.regions IS NULL OR lower(btrim(p.region)) = ANY(t.regions))
                   AND (t.cities IS NULL OR lower(btrim(p.city)) = ANY(t.cities))
               ORDER BY t.id";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut taxes: HashMap<PropertyId, Vec<TaxRate>> = HashMap::new();
    for row in queries.rows(sql, &[&ids, &check_in]).await? {
        let basis_points = BasisPoints(unsigned("basis_points", i64::from(row.read::<i32>("basis_points")?))?);
        let rate = TaxRate { name: row.read("description")?, basis_points };
        taxes.entry(PropertyId::from_uuid(row.read("property_id")?)).or_default().push(rate);
    }
    Ok(taxes)
}
