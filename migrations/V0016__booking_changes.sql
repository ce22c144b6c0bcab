SET LOCAL lock_timeout = '3s';

-- What the platform takes of each side, frozen when the stay was booked. None on stays booked before: today's counts.
ALTER TABLE bookings
    ADD COLUMN guest_fee_basis_points integer,
    ADD COLUMN host_fee_basis_points integer;

-- Other dates or guests for a confirmed stay, proposed by one side and answered by the other.
CREATE TABLE booking_changes (
    id                uuid        PRIMARY KEY,
    booking_id        uuid        NOT NULL REFERENCES bookings (id),
    property_id       uuid        NOT NULL REFERENCES properties (id),
    proposed_by       text        NOT NULL CHECK (proposed_by IN ('guest', 'host')),
    -- accepted: agreed, and dearer; applied once the difference is paid.
    status            text        NOT NULL DEFAULT 'proposed'
                      CHECK (status IN ('proposed', 'accepted', 'applied', 'declined', 'expired', 'withdrawn')),
    check_in          date        NOT NULL,
    check_out         date        NOT NULL,
    -- Check-out plus the host's preparation nights: the end of what is held.
    held_until        date        NOT NULL,
    adults            smallint    NOT NULL CHECK (adults >= 1),
    children          smallint    NOT NULL CHECK (children >= 0),
    infants           smallint    NOT NULL CHECK (infants >= 0),
    pets              smallint    NOT NULL CHECK (pets >= 0),
    -- The price the stay then has.
    price             jsonb       NOT NULL,
    -- The new total less the one before: above zero the guest pays it, below zero it goes back.
    difference_minor  bigint      NOT NULL,
    -- While it is open: until when it can be answered or paid for, by the database's clock. So long it holds its nights.
    hold_expires_at   timestamptz,
    created_at        timestamptz NOT NULL DEFAULT app_now(),
    updated_at        timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT booking_changes_dates_in_order CHECK (check_in < check_out AND check_out <= held_until),
    CONSTRAINT booking_changes_open_has_end
        CHECK ((status IN ('proposed', 'accepted')) = (hold_expires_at IS NOT NULL))
);
CREATE UNIQUE INDEX booking_changes_one_open ON booking_changes (booking_id) WHERE hold_expires_at IS NOT NULL;
CREATE INDEX booking_changes_booking ON booking_changes (booking_id, id DESC);
-- Whose nights are held, besides those of bookings.
CREATE INDEX booking_changes_holds ON booking_changes (property_id) WHERE hold_expires_at IS NOT NULL;
-- What the scheduler looks for, each minute.
CREATE INDEX booking_changes_hold_expiry ON booking_changes (hold_expires_at) WHERE hold_expires_at IS NOT NULL;

-- The change whose difference is paid; none for the stay itself.
ALTER TABLE payments ADD COLUMN change_id uuid REFERENCES booking_changes (id);
CREATE INDEX payments_change ON payments (change_id) WHERE change_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON booking_changes TO roost_app;

-- Until when some change may hold nights of a listing: search looks the holds up only where one does. They end by
-- themselves, so their nights are not among those taken.
ALTER TABLE listing_search ADD COLUMN change_holds_until timestamptz;

-- As before, and the new column at the end.
CREATE OR REPLACE VIEW listing_search_source AS
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
        (SELECT coalesce(range_agg(t.nights), '{}') FROM firmly_taken t WHERE t.property_id = p.id) AS taken,
        (SELECT max(c.hold_expires_at) FROM booking_changes c
         WHERE c.property_id = p.id AND c.hold_expires_at IS NOT NULL) AS change_holds_until
    FROM properties p CROSS JOIN LATERAL (
        SELECT min(d.price_minor) AS lowest_price_minor,
            count(coalesce(d.price_minor, d.min_nights)) > 0 AS has_overrides
        FROM calendar_days d
        WHERE d.property_id = p.id AND d.night >= ((SELECT app_now()) AT TIME ZONE 'UTC')::date - 1
    ) o
    WHERE p.status = 'listed';

-- As before, and the new column.
CREATE OR REPLACE FUNCTION listing_search_refresh(properties_changed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
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
    SET (taken, floor_night_minor, has_overrides, change_holds_until)
        = (s.taken, s.floor_night_minor, s.has_overrides, s.change_holds_until)
    FROM listing_search_source s
    WHERE l.property_id = ANY (properties_changed) AND s.property_id = l.property_id
        AND (l.taken, l.floor_night_minor, l.has_overrides, l.change_holds_until)
            IS DISTINCT FROM (s.taken, s.floor_night_minor, s.has_overrides, s.change_holds_until);
END $$;

-- As before, and the new column.
CREATE OR REPLACE FUNCTION listing_search_rebuild() RETURNS void LANGUAGE plpgsql AS $$
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
        s.instant_book, s.pets_allowed, s.has_overrides, s.currency, s.time_zone, coalesce(t.taken, '{}'),
        s.change_holds_until
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

CREATE TRIGGER listing_search_change_proposed AFTER INSERT ON booking_changes
    FOR EACH ROW EXECUTE FUNCTION listing_search_refresh_row();
CREATE TRIGGER listing_search_change_moved AFTER UPDATE OF hold_expires_at ON booking_changes
    FOR EACH ROW WHEN (OLD.hold_expires_at IS DISTINCT FROM NEW.hold_expires_at)
    EXECUTE FUNCTION listing_search_refresh_row();
CREATE TRIGGER booking_changes_invalidate_cache AFTER INSERT OR UPDATE OF hold_expires_at ON booking_changes
    FOR EACH ROW EXECUTE FUNCTION of_property_invalidate_cache();
