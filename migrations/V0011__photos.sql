SET LOCAL lock_timeout = '3s';

-- How far and which way the public point lies from the exact one: noted when a host first moves the property, and kept
-- whatever becomes of its place, so that a point seen twice is never drawn twice.
ALTER TABLE properties
    ADD COLUMN public_offset_bearing_radians double precision,
    ADD COLUMN public_offset_metres          double precision,
    ADD CONSTRAINT properties_public_offset_whole
        CHECK (num_nulls(public_offset_bearing_radians, public_offset_metres) IN (0, 2)) NOT VALID;

CREATE TABLE photos (
    id           uuid     PRIMARY KEY,
    property_id  uuid     NOT NULL REFERENCES properties (id),
    -- deleted: gone for everybody; kept until its objects are gone too.
    status       text     NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'rejected', 'deleted')),
    -- Among the property's photos; holes do no harm, ties are broken by the id.
    sort_order   integer  NOT NULL,
    caption      text,
    -- As declared, and then checked.
    content_type text     NOT NULL,
    bytes        integer  NOT NULL CHECK (bytes > 0),
    -- Upright.
    width        integer,
    height       integer,
    -- Where its variants are served from, without a slash at the end: what the worker that made them was told.
    base_url     text,
    -- Why it was rejected.
    rejection    text,
    created_at   timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT photos_ready_is_whole CHECK (status <> 'ready' OR num_nulls(width, height, base_url) = 0),
    CONSTRAINT photos_rejected_says_why CHECK (status <> 'rejected' OR rejection IS NOT NULL)
);
CREATE INDEX photos_property ON photos (property_id, sort_order, id) WHERE status <> 'deleted';
-- What the scheduler looks for, each minute.
CREATE INDEX photos_to_sweep ON photos (created_at) WHERE status IN ('pending', 'deleted');

GRANT SELECT, INSERT, UPDATE, DELETE ON photos TO roost_app;
