CREATE TABLE bookings (
    id                  uuid        PRIMARY KEY,
    property_id         uuid        NOT NULL REFERENCES properties (id),
    guest_id            uuid        NOT NULL REFERENCES users (id),
    host_id             uuid        NOT NULL REFERENCES users (id),
    status              text        NOT NULL
                        CHECK (status IN ('pending_payment', 'pending_host', 'confirmed', 'completed',
                                          'declined', 'expired', 'cancelled', 'no_show')),
    check_in            date        NOT NULL,
    check_out           date        NOT NULL,
    -- Check-out plus the host's preparation nights: the end of what is held.
    held_until          date        NOT NULL,
    held_nights         daterange   NOT NULL GENERATED ALWAYS AS (daterange(check_in, held_until)) STORED,
    adults              smallint    NOT NULL CHECK (adults >= 1),
    children            smallint    NOT NULL CHECK (children >= 0),
    infants             smallint    NOT NULL CHECK (infants >= 0),
    pets                smallint    NOT NULL CHECK (pets >= 0),
    -- The price as it was agreed, line by line; the totals beside it are for SQL.
    price               jsonb       NOT NULL,
    currency            char(3)     NOT NULL,
    total_minor         bigint      NOT NULL CHECK (total_minor >= 0),
    host_payout_minor   bigint      NOT NULL,
    cancellation_policy text        NOT NULL,
    instant_book        boolean     NOT NULL,
    message             text,
    -- When an unpaid or unanswered booking lets go of its nights, by the database's clock.
    hold_expires_at     timestamptz,
    cancelled_by        text        CHECK (cancelled_by IN ('guest', 'host', 'admin', 'system')),
    -- [{at, event, by}], appended to by each change.
    timeline            jsonb       NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT app_now(),
    updated_at          timestamptz NOT NULL DEFAULT app_now(),
    -- An empty range would evade the exclusion constraint below.
    CONSTRAINT bookings_dates_in_order CHECK (check_in < check_out AND check_out <= held_until),
    CONSTRAINT bookings_host_is_not_guest CHECK (guest_id <> host_id),
    CONSTRAINT bookings_hold_has_end
        CHECK ((status IN ('pending_payment', 'pending_host')) = (hold_expires_at IS NOT NULL)),
    CONSTRAINT bookings_cancelled_by_somebody CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
    -- Nobody's nights are ever promised twice.
    CONSTRAINT bookings_no_overlap EXCLUDE USING gist (property_id WITH =, held_nights WITH &&)
        WHERE (status IN ('pending_payment', 'pending_host', 'confirmed'))
);

-- Availability of a stay: a btree probe beats the exclusion constraint's gist index when reading.
CREATE INDEX bookings_held_nights ON bookings (property_id, check_in)
    WHERE status IN ('pending_payment', 'pending_host', 'confirmed');
CREATE INDEX bookings_guest ON bookings (guest_id, id DESC);
CREATE INDEX bookings_host ON bookings (host_id, id DESC);
-- What the scheduler looks for, each minute.
CREATE INDEX bookings_hold_expiry ON bookings (hold_expires_at) WHERE hold_expires_at IS NOT NULL;
CREATE INDEX bookings_to_complete ON bookings (check_out) WHERE status = 'confirmed';

GRANT SELECT, INSERT, UPDATE ON bookings TO roost_app;
