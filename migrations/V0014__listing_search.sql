SET LOCAL lock_timeout = '3s';

-- The search table is derived data, made anew: narrower cells, more to filter and sort by, and the calendar beside it.
ALTER TABLE listing_search RENAME TO listing_search_before;
ALTER INDEX listing_search_pkey RENAME TO listing_search_before_pkey;

-- The quad-grid cell (Z-order) of a point at level 14, as `domain::geo::cell` has it. The cell at a coarser level n is
-- `cell_14 >> 2 * (14 - n)`.
CREATE FUNCTION quad_cell_14(lat_e6 integer, lng_e6 integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    x integer := least(16383, (lng_e6 + 180000000)::bigint * 16384 / 360000000);
    y integer := least(16383, (lat_e6 + 90000000)::bigint * 16384 / 180000000);
BEGIN
    x := (x | (x << 8)) & 16711935;   y := (y | (y << 8)) & 16711935;
    x := (x | (x << 4)) & 252645135;  y := (y | (y << 4)) & 252645135;
    x := (x | (x << 2)) & 858993459;  y := (y | (y << 2)) & 858993459;
    x := (x | (x << 1)) & 1431655765; y := (y | (y << 1)) & 1431655765;
    RETURN x | (y << 1);
END $$;

-- What firmly takes nights, from yesterday on (the earliest today of any time zone): confirmed stays with their
-- preparation, blocked nights, stays on other sites. Holds with a clock are not in it: they end by themselves.
CREATE VIEW firmly_taken AS
    SELECT property_id, held_nights AS nights FROM bookings
    WHERE status = 'confirmed' AND held_until >= ((SELECT app_now()) AT TIME ZONE 'UTC')::date
    UNION ALL
    SELECT property_id, daterange(night, night + 1) FROM calendar_days
    WHERE blocked AND night >= ((SELECT app_now()) AT TIME ZONE 'UTC')::date - 1
    UNION ALL
    SELECT property_id, daterange(check_in, check_out) FROM imported_stays
    WHERE check_out >= ((SELECT app_now()) AT TIME ZONE 'UTC')::date;

-- What search reads: one narrow row a listed property. Its heap is worth keeping in the order of cell_14 (RUNBOOK).
CREATE TABLE listing_search (
    property_id          uuid     PRIMARY KEY REFERENCES properties (id),
    amenities            bigint   NOT NULL,
    base_price_minor     bigint   NOT NULL,
    -- No night can cost less, be it by an override or the highest discount: total prices are bounded by it.
    floor_night_minor    bigint   NOT NULL,
    cell_14              integer  NOT NULL,
    -- The public point, microdegrees.
    lat_e6               integer  NOT NULL,
    lng_e6               integer  NOT NULL,
    -- Relevance, larger is better.
    score                integer  NOT NULL,
    -- The mean as it is shown, in hundredths, times a million, plus the number of reviews.
    rating_key           integer  NOT NULL,
    -- Places in the lists of domain::property, from 1.
    kind                 smallint NOT NULL,
    room_type            smallint NOT NULL,
    max_guests           smallint NOT NULL,
    bedrooms             smallint NOT NULL,
    beds                 smallint NOT NULL,
    bathrooms_halves     smallint NOT NULL,
    min_nights           smallint NOT NULL,
    max_nights           smallint NOT NULL,
    preparation_nights   smallint NOT NULL,
    advance_notice_hours smallint NOT NULL,
    booking_window_days  smallint NOT NULL,
    -- Minutes after midnight.
    check_in_minutes     smallint NOT NULL,
    instant_book         boolean  NOT NULL,
    pets_allowed         boolean  NOT NULL,
    -- Whether the calendar has prices or minimum nights of its own for days to come.
    has_overrides        boolean  NOT NULL,
    currency             char(3)  NOT NULL,
    time_zone            text     NOT NULL,
    -- All of firmly_taken, kept by the triggers below. In no index, so that its updates are heap-only.
    taken                datemultirange NOT NULL DEFAULT '{}'
) WITH (fillfactor = 90);

-- The rows of listing_search as they follow from all the rest, column by column in the same order.
CREATE VIEW listing_search_source AS
    SELECT p.id AS property_id, p.amenities, p.base_price_minor,
        least(p.base_price_minor, p.weekend_price_minor, o.lowest_price_minor)
            * (100 - greatest(p.weekly_discount_percent, p.monthly_discount_percent)) / 100 AS floor_night_minor,
        quad_cell_14(p.public_lat_e6, p.public_lng_e6) AS cell_14,
        p.public_lat_e6 AS lat_e6, p.public_lng_e6 AS lng_e6,
        -- How good a listing is to show, apart from any query, from 0 to 1,000: at most 250 for the description, 300
        -- for amenities, 150 and 50, and 250 for the mean of the ratings, as if five guests had given four stars before.
        least(char_length(coalesce(p.description, '')), 1000) / 4 + least(bit_count(p.amenities::bit(64)), 20)::integer * 15
            + CASE WHEN p.instant_book THEN 150 ELSE 0 END + CASE WHEN p.house_rules IS NULL THEN 0 ELSE 50 END
            + 250 * (p.rating_sum + 15 - p.rating_count) / (4 * (p.rating_count + 5)) AS score,
        CASE WHEN p.rating_count = 0 THEN 0
             ELSE (200 * p.rating_sum + p.rating_count) / (2 * p.rating_count) * 1000000
                 + least(p.rating_count, 999999) END AS rating_key,
        array_position(ARRAY['apartment', 'house', 'guesthouse', 'hotel', 'unique'], p.kind)::smallint AS kind,
        array_position(ARRAY['entire_place', 'private_room', 'shared_room'], p.room_type)::smallint AS room_type,
        p.max_guests, p.bedrooms, p.beds, p.bathrooms_halves, p.min_nights, p.max_nights, p.preparation_nights,
        p.advance_notice_hours, p.booking_window_days,
        (extract(epoch FROM p.check_in_time) / 60)::smallint AS check_in_minutes,
        p.instant_book, p.pets_allowed, o.has_overrides, p.currency, p.time_zone,
        (SELECT coalesce(range_agg(t.nights), '{}') FROM firmly_taken t WHERE t.property_id = p.id) AS taken
    FROM properties p CROSS JOIN LATERAL (
        SELECT min(d.price_minor) AS lowest_price_minor,
            count(coalesce(d.price_minor, d.min_nights)) > 0 AS has_overrides
        FROM calendar_days d
        WHERE d.property_id = p.id AND d.night >= ((SELECT app_now()) AT TIME ZONE 'UTC')::date - 1
    ) o
    WHERE p.status = 'listed';

INSERT INTO listing_search SELECT * FROM listing_search_source ORDER BY cell_14;
DROP TABLE listing_search_before;

-- One index a level of cells and an order of the hits. The point stands at the end, so that what lies outside the box
-- is passed over in the index, without a look at the row.
CREATE INDEX listing_search_05_score  ON listing_search ((cell_14 >> 18), score, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_08_score  ON listing_search ((cell_14 >> 12), score, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_11_score  ON listing_search ((cell_14 >> 6), score, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_14_score  ON listing_search (cell_14, score, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_05_price  ON listing_search ((cell_14 >> 18), base_price_minor, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_08_price  ON listing_search ((cell_14 >> 12), base_price_minor, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_11_price  ON listing_search ((cell_14 >> 6), base_price_minor, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_14_price  ON listing_search (cell_14, base_price_minor, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_05_rating ON listing_search ((cell_14 >> 18), rating_key, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_08_rating ON listing_search ((cell_14 >> 12), rating_key, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_11_rating ON listing_search ((cell_14 >> 6), rating_key, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_14_rating ON listing_search (cell_14, rating_key, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_05_newest ON listing_search ((cell_14 >> 18), property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_08_newest ON listing_search ((cell_14 >> 12), property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_11_newest ON listing_search ((cell_14 >> 6), property_id, lat_e6, lng_e6);
-- This one is also the order of the heap: all of a box's rows are read by it, when the ordered ones hold too few hits.
CREATE INDEX listing_search_14_newest ON listing_search (cell_14, property_id, lat_e6, lng_e6);
-- For boxes so wide that even the coarsest level needs too many cells.
CREATE INDEX listing_search_world_score  ON listing_search (score, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_world_price  ON listing_search (base_price_minor, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_world_rating ON listing_search (rating_key, property_id, lat_e6, lng_e6);
CREATE INDEX listing_search_world_newest ON listing_search (property_id, lat_e6, lng_e6);
-- Holds with a clock, which search looks up for each hit. By hash, as the rows to show below: a look-up is one page of
-- the index, however many listings there are.
CREATE INDEX bookings_open_holds ON bookings USING hash (property_id) WHERE hold_expires_at IS NOT NULL;
CREATE INDEX properties_by_id ON properties USING hash (id);

-- Brings the calendar of these listings to what is true now. The row is locked first and the truth read by the next
-- statement, whose snapshot has what whoever held the lock before has committed: no change is lost.
CREATE FUNCTION listing_search_refresh(properties_changed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM listing_search WHERE property_id = ANY (properties_changed) ORDER BY property_id FOR UPDATE;
    IF NOT FOUND THEN
        -- It may just be being listed, by somebody who has the property locked and has not seen our change.
        PERFORM 1 FROM properties WHERE id = ANY (properties_changed) ORDER BY id FOR KEY SHARE;
        PERFORM 1 FROM listing_search WHERE property_id = ANY (properties_changed) ORDER BY property_id FOR UPDATE;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    UPDATE listing_search l
    SET (taken, floor_night_minor, has_overrides) = (s.taken, s.floor_night_minor, s.has_overrides)
    FROM listing_search_source s
    WHERE l.property_id = ANY (properties_changed) AND s.property_id = l.property_id
        AND (l.taken, l.floor_night_minor, l.has_overrides)
            IS DISTINCT FROM (s.taken, s.floor_night_minor, s.has_overrides);
END $$;

CREATE FUNCTION listing_search_refresh_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listing_search_refresh(ARRAY[NEW.property_id]);
    RETURN NULL;
END $$;

-- An unpaid booking writes nothing here. Neither does a stay that is over, unless its nights of preparation are free now.
CREATE TRIGGER listing_search_booked AFTER INSERT ON bookings
    FOR EACH ROW WHEN (NEW.status = 'confirmed')
    EXECUTE FUNCTION listing_search_refresh_row();
CREATE TRIGGER listing_search_rebooked AFTER UPDATE OF status, check_in, check_out, held_until ON bookings
    FOR EACH ROW WHEN ((OLD.status = 'confirmed' OR NEW.status = 'confirmed')
        AND (OLD.status, OLD.check_in, OLD.held_until) IS DISTINCT FROM (NEW.status, NEW.check_in, NEW.held_until)
        AND NOT (NEW.status = 'completed' AND NEW.held_until = NEW.check_out))
    EXECUTE FUNCTION listing_search_refresh_row();

CREATE FUNCTION listing_search_refresh_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listing_search_refresh(ARRAY(SELECT DISTINCT property_id FROM changed));
    RETURN NULL;
END $$;
CREATE FUNCTION listing_search_refresh_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listing_search_refresh(
        ARRAY(SELECT property_id FROM changed UNION SELECT property_id FROM before));
    RETURN NULL;
END $$;
CREATE TRIGGER listing_search_days_added AFTER INSERT ON calendar_days
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_search_refresh_changed();
CREATE TRIGGER listing_search_days_changed AFTER UPDATE ON calendar_days
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION listing_search_refresh_updated();
CREATE TRIGGER listing_search_days_removed AFTER DELETE ON calendar_days
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_search_refresh_changed();
CREATE TRIGGER listing_search_imports_added AFTER INSERT ON imported_stays
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_search_refresh_changed();
CREATE TRIGGER listing_search_imports_changed AFTER UPDATE ON imported_stays
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION listing_search_refresh_updated();
CREATE TRIGGER listing_search_imports_removed AFTER DELETE ON imported_stays
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION listing_search_refresh_changed();

-- What a wide map shows: totals of the level-8 cells (about 1.4 by 0.7 degrees), by currency.
CREATE TABLE listing_cells (
    cell_08            integer NOT NULL,
    currency           char(3) NOT NULL,
    listings           integer NOT NULL,
    -- Sums of microdegrees, for the middle of the listings.
    lat_e6_sum         bigint  NOT NULL,
    lng_e6_sum         bigint  NOT NULL,
    lowest_price_minor bigint,
    PRIMARY KEY (cell_08, currency)
) WITH (fillfactor = 80);

INSERT INTO listing_cells
SELECT cell_14 >> 12, currency, count(*), sum(lat_e6), sum(lng_e6), min(base_price_minor)
FROM listing_search GROUP BY 1, 2;

-- Adds to a cell's totals, then finds its lowest price: by the next statement, with the cell's row locked by the first.
CREATE FUNCTION listing_cells_add(cell integer, of_currency char(3), added integer, lat_e6 bigint, lng_e6 bigint)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO listing_cells AS c VALUES (cell, of_currency, added, lat_e6, lng_e6, NULL)
    ON CONFLICT (cell_08, currency) DO UPDATE SET listings = c.listings + EXCLUDED.listings,
        lat_e6_sum = c.lat_e6_sum + EXCLUDED.lat_e6_sum, lng_e6_sum = c.lng_e6_sum + EXCLUDED.lng_e6_sum;
    UPDATE listing_cells c
    SET lowest_price_minor = (SELECT l.base_price_minor FROM listing_search l
                              WHERE l.cell_14 >> 12 = cell AND l.currency = of_currency
                              ORDER BY l.base_price_minor LIMIT 1)
    WHERE c.cell_08 = cell AND c.currency = of_currency;
END $$;

CREATE FUNCTION listing_cells_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM listing_cells_add(OLD.cell_14 >> 12, OLD.currency, -1, -OLD.lat_e6, -OLD.lng_e6);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM listing_cells_add(NEW.cell_14 >> 12, NEW.currency, 1, NEW.lat_e6, NEW.lng_e6);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_cells_entered AFTER INSERT OR DELETE ON listing_search
    FOR EACH ROW EXECUTE FUNCTION listing_cells_follow();
CREATE TRIGGER listing_cells_moved AFTER UPDATE OF cell_14, lat_e6, lng_e6, currency, base_price_minor ON listing_search
    FOR EACH ROW WHEN ((OLD.lat_e6, OLD.lng_e6, OLD.currency, OLD.base_price_minor)
        IS DISTINCT FROM (NEW.lat_e6, NEW.lng_e6, NEW.currency, NEW.base_price_minor))
    EXECUTE FUNCTION listing_cells_follow();

-- Makes the whole table anew in the order of the map, and all that follows from it: for the owner, who has filled the
-- other tables in bulk with their triggers off.
CREATE FUNCTION listing_search_rebuild() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    definitions text[] := ARRAY(SELECT indexdef FROM pg_indexes
        WHERE tablename = 'listing_search' AND schemaname = current_schema AND indexname <> 'listing_search_pkey');
    name text;
    definition text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes
        WHERE tablename = 'listing_search' AND schemaname = current_schema AND indexname <> 'listing_search_pkey'
    LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
    ALTER TABLE listing_search DISABLE TRIGGER USER;
    TRUNCATE listing_search, listing_cells;
    INSERT INTO listing_search
    SELECT s.property_id, s.amenities, s.base_price_minor, s.floor_night_minor, s.cell_14, s.lat_e6, s.lng_e6, s.score,
        s.rating_key, s.kind, s.room_type, s.max_guests, s.bedrooms, s.beds, s.bathrooms_halves, s.min_nights,
        s.max_nights, s.preparation_nights, s.advance_notice_hours, s.booking_window_days, s.check_in_minutes,
        s.instant_book, s.pets_allowed, s.has_overrides, s.currency, s.time_zone, coalesce(t.taken, '{}')
    FROM listing_search_source s
        LEFT JOIN (SELECT property_id, range_agg(nights) AS taken FROM firmly_taken GROUP BY property_id) t
            USING (property_id)
    ORDER BY s.cell_14, s.property_id;
    INSERT INTO listing_cells
    SELECT cell_14 >> 12, currency, count(*), sum(lat_e6), sum(lng_e6), min(base_price_minor)
    FROM listing_search GROUP BY 1, 2;
    ALTER TABLE listing_search ENABLE TRIGGER USER;
    FOREACH definition IN ARRAY definitions LOOP
        EXECUTE definition;
    END LOOP;
    ANALYZE listing_search;
    ANALYZE listing_cells;
END $$;
REVOKE EXECUTE ON FUNCTION listing_search_rebuild() FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE, DELETE ON listing_search, listing_cells TO roost_app;
GRANT SELECT ON listing_search_source, firmly_taken TO roost_app;
