SET LOCAL lock_timeout = '3s';

-- What a committed change has made untrue in the cache and nobody has yet told the cache. Written by the change's own
-- transaction, removed once the cache knows; while a row is here, answers that depend on it are not taken from the
-- cache. So no stale answer survives a commit, whatever becomes of the cache or of the function that committed.
CREATE TABLE cache_invalidations (
    transaction bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    property_id uuid   NOT NULL,
    -- Where searches find it; -1 where they don't.
    cell_14     bigint NOT NULL,
    PRIMARY KEY (transaction, property_id, cell_14)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION invalidate_cached_property(changed uuid) RETURNS void
    LANGUAGE sql VOLATILE
    AS $$
        INSERT INTO cache_invalidations (property_id, cell_14)
        SELECT changed, coalesce((SELECT cell_14 FROM listing_search WHERE property_id = changed), -1)
        ON CONFLICT DO NOTHING
    $$;

CREATE FUNCTION properties_invalidate_cache() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM invalidate_cached_property(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION of_property_invalidate_cache() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM invalidate_cached_property(coalesce(NEW.property_id, OLD.property_id));
    RETURN NULL;
END $$;

-- A listing that moves changes what is found where it was and where it is.
CREATE FUNCTION listing_search_invalidate_cache() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cache_invalidations (property_id, cell_14)
    SELECT property_id, cell_14 FROM (VALUES (OLD.property_id, OLD.cell_14), (NEW.property_id, NEW.cell_14))
        AS listing (property_id, cell_14)
    WHERE property_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER properties_invalidate_cache AFTER UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_invalidate_cache();
CREATE TRIGGER listing_search_invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON listing_search
    FOR EACH ROW EXECUTE FUNCTION listing_search_invalidate_cache();
CREATE TRIGGER bookings_invalidate_cache AFTER INSERT OR UPDATE OF status, hold_expires_at ON bookings
    FOR EACH ROW EXECUTE FUNCTION of_property_invalidate_cache();
CREATE TRIGGER photos_invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON photos
    FOR EACH ROW EXECUTE FUNCTION of_property_invalidate_cache();
CREATE TRIGGER calendar_days_invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON calendar_days
    FOR EACH ROW EXECUTE FUNCTION of_property_invalidate_cache();
CREATE TRIGGER imported_stays_invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON imported_stays
    FOR EACH ROW EXECUTE FUNCTION of_property_invalidate_cache();

GRANT SELECT, INSERT, DELETE ON cache_invalidations TO roost_app;
