SET LOCAL lock_timeout = '3s';

-- Calendars of other sites that are read on a schedule.
CREATE TABLE calendar_feeds (
    id                uuid        PRIMARY KEY,
    property_id       uuid        NOT NULL REFERENCES properties (id),
    name              text        NOT NULL,
    url               text        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT app_now(),
    -- When it is to be read again; moved ahead by whoever takes it on.
    refresh_at        timestamptz NOT NULL DEFAULT app_now(),
    attempted_at      timestamptz,
    -- The last time it was read without a fault.
    refreshed_at      timestamptz,
    -- What was wrong the last time, and the HTTP status where that was it; none after one that went well.
    last_error        text,
    last_status       smallint,
    failures_in_a_row integer     NOT NULL DEFAULT 0,
    -- What was left out of the calendar the last time it was read.
    warnings          text[]      NOT NULL DEFAULT '{}',
    -- What the other site calls the calendar as it was read: whether it has changed is asked by these.
    etag              text,
    last_modified     text,
    CONSTRAINT calendar_feeds_once UNIQUE (property_id, url)
);
CREATE INDEX calendar_feeds_due ON calendar_feeds (refresh_at);

-- Nights taken on other sites: one row an event of a feed.
CREATE TABLE imported_stays (
    feed_id     uuid NOT NULL REFERENCES calendar_feeds (id) ON DELETE CASCADE,
    uid         text NOT NULL,
    property_id uuid NOT NULL REFERENCES properties (id),
    check_in    date NOT NULL,
    check_out   date NOT NULL,
    summary     text,
    PRIMARY KEY (feed_id, uid),
    CONSTRAINT imported_stays_dates_in_order CHECK (check_in < check_out)
);
CREATE INDEX imported_stays_property ON imported_stays (property_id, check_in);

-- The secret in the address of the exported calendar; none until the host asks for the address.
ALTER TABLE properties ADD COLUMN calendar_token text;

GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_feeds, imported_stays TO roost_app;
