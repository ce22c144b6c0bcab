SET LOCAL lock_timeout = '3s';

-- UUIDv7, as the functions make them, for rows that the database adds by itself.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;

-- What a guest and a host say to each other about a property: one a guest and property, whatever is booked.
CREATE TABLE threads (
    id              uuid        PRIMARY KEY,
    property_id     uuid        NOT NULL REFERENCES properties (id),
    guest_id        uuid        NOT NULL REFERENCES users (id),
    host_id         uuid        NOT NULL REFERENCES users (id),
    -- Of the newest message. Who appends counts it up, and so holds the row: places are in the order of commits.
    last_position   bigint      NOT NULL DEFAULT 0,
    last_message_at timestamptz NOT NULL DEFAULT app_now(),
    -- Messages of the other side since one's own last look.
    guest_unread    integer     NOT NULL DEFAULT 0 CHECK (guest_unread >= 0),
    host_unread     integer     NOT NULL DEFAULT 0 CHECK (host_unread >= 0),
    created_at      timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT threads_one_a_guest_and_property UNIQUE (guest_id, property_id),
    CONSTRAINT threads_host_is_not_guest CHECK (guest_id <> host_id)
);
-- The lists of either side, newest message first.
CREATE INDEX threads_guest_newest ON threads (guest_id, last_message_at DESC, id DESC);
CREATE INDEX threads_host_newest ON threads (host_id, last_message_at DESC, id DESC);

-- What somebody wrote, or what happened to a booking.
CREATE TABLE messages (
    id         uuid        PRIMARY KEY,
    thread_id  uuid        NOT NULL REFERENCES threads (id),
    position   bigint      NOT NULL,
    sender_id  uuid        REFERENCES users (id),
    text       text        CHECK (length(text) BETWEEN 1 AND 5000),
    booking_id uuid        REFERENCES bookings (id) ON DELETE CASCADE,
    event      text,
    -- Who caused the event.
    caused_by  text        CHECK (caused_by IN ('guest', 'host', 'admin', 'system')),
    created_at timestamptz NOT NULL DEFAULT app_now(),
    -- Also the pages of a thread.
    CONSTRAINT messages_in_order UNIQUE (thread_id, position),
    CONSTRAINT messages_written_or_happened
        CHECK (num_nulls(sender_id, text) = 0 AND num_nonnulls(booking_id, event, caused_by) = 0
            OR num_nonnulls(sender_id, text) = 0 AND num_nulls(booking_id, event, caused_by) = 0)
);

-- In which state the one who can act was told that time runs out, and for which arrival both were told that it is
-- tomorrow: each is told once.
ALTER TABLE bookings ADD COLUMN expiry_told_in text, ADD COLUMN arrival_told_for date;
CREATE INDEX IF NOT EXISTS bookings_arrivals_to_tell ON bookings (check_in)
    WHERE status = 'confirmed' AND arrival_told_for IS DISTINCT FROM check_in;

-- The bookings of a thread.
CREATE INDEX IF NOT EXISTS bookings_guest_property ON bookings (guest_id, property_id, id DESC);

-- The thread of a guest and a property, made if there is none.
CREATE FUNCTION thread_of(guest uuid, property uuid, host uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found uuid;
BEGIN
    SELECT id INTO found FROM threads WHERE guest_id = guest AND property_id = property;
    IF found IS NULL THEN
        INSERT INTO threads (id, guest_id, property_id, host_id) VALUES (uuid_v7(), guest, property, host)
        ON CONFLICT ON CONSTRAINT threads_one_a_guest_and_property DO NOTHING RETURNING id INTO found;
    END IF;
    IF found IS NULL THEN
        -- Another transaction has just made it.
        SELECT id INTO found FROM threads WHERE guest_id = guest AND property_id = property;
    END IF;
    RETURN found;
END $$;

-- Adds what one side wrote to the end of a thread, unread by the other.
CREATE FUNCTION thread_write(thread uuid, sender uuid, words text) RETURNS SETOF messages LANGUAGE sql AS $$
    WITH continued AS (
        UPDATE threads SET last_position = last_position + 1, last_message_at = app_now(),
            guest_unread = guest_unread + (sender = host_id)::int, host_unread = host_unread + (sender = guest_id)::int
        WHERE id = thread AND sender IN (guest_id, host_id)
        RETURNING id, last_position)
    INSERT INTO messages (id, thread_id, position, sender_id, text)
    SELECT uuid_v7(), id, last_position, sender, words FROM continued
    RETURNING *
$$;

-- Adds what happened to a booking to the end of a thread.
CREATE FUNCTION thread_note(thread uuid, booking uuid, happened text, cause text) RETURNS void LANGUAGE sql AS $$
    WITH continued AS (
        UPDATE threads SET last_position = last_position + 1, last_message_at = app_now() WHERE id = thread
        RETURNING id, last_position)
    INSERT INTO messages (id, thread_id, position, booking_id, event, caused_by)
    SELECT uuid_v7(), id, last_position, booking, happened, cause FROM continued
$$;

-- What a thread says of an entry of a booking's timeline. That the card was authorised is no news to the two sides;
-- accepting charged the card, so it also confirmed.
CREATE FUNCTION thread_events(entry text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN entry = 'created' THEN ARRAY['requested']
        WHEN entry = 'paid' THEN ARRAY['confirmed']
        WHEN entry = 'accepted' THEN ARRAY['accepted', 'confirmed']
        WHEN entry IN ('declined', 'cancelled', 'expired', 'changed', 'completed', 'no_show') THEN ARRAY[entry]
        ELSE ARRAY[]::text[]
    END
$$;

-- A statement that writes a booking's timeline writes its thread: no change of state can forget it. In one order of
-- threads, so that two statements over many bookings don't wait for each other.
CREATE FUNCTION bookings_tell_threads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news record;
    thread uuid;
BEGIN
    FOR news IN
        SELECT b.id, b.guest_id, b.property_id, b.host_id, b.message, line.entry, line.place, told.event, told.step
        FROM written b
        CROSS JOIN LATERAL jsonb_array_elements(b.timeline) WITH ORDINALITY AS line (entry, place)
        CROSS JOIN LATERAL unnest(thread_events(line.entry ->> 'event')) WITH ORDINALITY AS told (event, step)
        ORDER BY b.guest_id, b.property_id, b.id, line.place, told.step
    LOOP
        thread := thread_of(news.guest_id, news.property_id, news.host_id);
        PERFORM thread_note(thread, news.id, news.event, news.entry ->> 'by');
        IF news.entry ->> 'event' = 'created' AND news.message IS NOT NULL THEN
            PERFORM thread_write(thread, news.guest_id, news.message);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION bookings_tell_threads_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news record;
BEGIN
    FOR news IN
        SELECT b.id, b.guest_id, b.property_id, b.host_id, line.entry, told.event
        FROM written b JOIN before ON before.id = b.id
        CROSS JOIN LATERAL jsonb_array_elements(b.timeline) WITH ORDINALITY AS line (entry, place)
        CROSS JOIN LATERAL unnest(thread_events(line.entry ->> 'event')) WITH ORDINALITY AS told (event, step)
        WHERE line.place > jsonb_array_length(before.timeline)
        ORDER BY b.guest_id, b.property_id, b.id, line.place, told.step
    LOOP
        PERFORM thread_note(thread_of(news.guest_id, news.property_id, news.host_id), news.id, news.event,
            news.entry ->> 'by');
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER bookings_tell_threads AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION bookings_tell_threads();
CREATE TRIGGER bookings_tell_threads_of_changes AFTER UPDATE ON bookings
    REFERENCING OLD TABLE AS before NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION bookings_tell_threads_of_changes();

GRANT SELECT, INSERT, UPDATE ON threads TO roost_app;
GRANT SELECT, INSERT ON messages TO roost_app;
