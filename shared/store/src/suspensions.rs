//! What suspending writes, in `users` and `properties`. Who calls has the user's row locked, then the properties'.

use domain::error::Result;
use domain::id::{PropertyId, UserId};

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Where a property goes when nothing suspends it any more: where it was, but what is no longer whole is not listed.
const BACK: &str = "CASE WHEN suspended_from = 'listed' AND num_nulls(title, lat_e6, base_price_minor) > 0
                         THEN 'unlisted' ELSE suspended_from END";

/// Shuts an account, and ends the sessions there are; false when it is shut already.
pub async fn suspend_user(tx: &Tx, id: UserId) -> Result<bool> {
    let sql = "-- suspensions.suspend_user
               UPDATE users SET suspended_at = app_now(), sessions_valid_from = clock_timestamp(), updated_at = app_now()
               WHERE id = $1 AND suspended_at IS NULL";
    Ok(tx.execute(sql, &[&id.uuid()]).await? == 1)
}

/// Opens an account again; false when it is not shut.
pub async fn restore_user(tx: &Tx, id: UserId) -> Result<bool> {
    let sql = "-- suspensions.restore_user
               UPDATE users SET suspended_at = NULL, updated_at = app_now() WHERE id = $1 AND suspended_at IS NOT NULL";
    Ok(tx.execute(sql, &[&id.uuid()]).await? == 1)
}

/// Waits for whoever changes or books a place of this host, and keeps others from it until this transaction ends.
pub async fn lock_properties_of(tx: &Tx, host_id: UserId) -> Result<()> {
    let sql = "-- suspensions.lock_properties_of
               SELECT id FROM properties WHERE host_id = $1 ORDER BY id FOR UPDATE";
    tx.rows(sql, &[&host_id.uuid()]).await?;
    Ok(())
}

/// Takes the listed properties of a host off the market, together with the host; their ids in order.
pub async fn suspend_properties_of(tx: &Tx, host_id: UserId) -> Result<Vec<PropertyId>> {
    let sql = "-- suspensions.suspend_properties_of
               UPDATE properties SET status = 'suspended', suspended_from = status, updated_at = app_now()
               WHERE host_id = $1 AND status = 'listed' RETURNING id";
    ids(tx, sql, host_id).await
}

/// Puts back what was suspended together with its host alone; its ids in order.
pub async fn restore_properties_of(tx: &Tx, host_id: UserId) -> Result<Vec<PropertyId>> {
    let sql = format!(
        "-- suspensions.restore_properties_of
         UPDATE properties SET status = {BACK}, suspended_from = NULL, updated_at = app_now()
         WHERE host_id = $1 AND status = 'suspended' AND suspended_at IS NULL RETURNING id"
    );
    ids(tx, &sql, host_id).await
}

async fn ids(tx: &Tx, sql: &str, host_id: UserId) -> Result<Vec<PropertyId>> {
    let rows = tx.rows(sql, &[&host_id.uuid()]).await?;
    let mut ids: Vec<PropertyId> =
        rows.iter().map(|row| Ok(PropertyId::from_uuid(row.read("id")?))).collect::<Result<_>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Suspends a property by itself; false when it is so already, or archived.
pub async fn suspend_property(tx: &Tx, id: PropertyId) -> Result<bool> {
    let sql = "-- suspensions.suspend_property
               UPDATE properties SET status = 'suspended', suspended_at = app_now(), updated_at = app_now(),
                   suspended_from = CASE status WHEN 'suspended' THEN suspended_from ELSE status END
               WHERE id = $1 AND suspended_at IS NULL AND status <> 'archived'";
    Ok(tx.execute(sql, &[&id.uuid()]).await? == 1)
}

/// Ends the suspension of a property by itself; it stays suspended while its host is. False when there is none.
pub async fn restore_property(tx: &Tx, id: PropertyId, host_is_suspended: bool) -> Result<bool> {
    let sql = format!(
        "-- suspensions.restore_property
         UPDATE properties SET suspended_at = NULL, updated_at = app_now(),
             status = CASE WHEN $2 THEN status ELSE {BACK} END,
             suspended_from = CASE WHEN $2 THEN suspended_from END
         WHERE id = $1 AND suspended_at IS NOT NULL AND status = 'suspended'"
    );
    Ok(tx.execute(&sql, &[&id.uuid(), &host_is_suspended]).await? == 1)
}
