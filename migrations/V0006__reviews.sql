SET LOCAL lock_timeout = '3s';

-- A review is hidden until the other side's is in as well, or until its window closes: by the clock, whether or not a
-- sweeper has come by to set published_at.
CREATE TABLE reviews (
    id            uuid        PRIMARY KEY,
    booking_id    uuid        NOT NULL REFERENCES bookings (id),
    property_id   uuid        NOT NULL REFERENCES properties (id),
    author_role   text        NOT NULL CHECK (author_role IN ('guest', 'host')),
    author_id     uuid        NOT NULL REFERENCES users (id),
    subject_id    uuid        NOT NULL REFERENCES users (id),
    rating        smallint    NOT NULL CHECK (rating BETWEEN 1 AND 5),
    cleanliness   smallint    CHECK (cleanliness BETWEEN 1 AND 5),
    accuracy      smallint    CHECK (accuracy BETWEEN 1 AND 5),
    check_in      smallint    CHECK (check_in BETWEEN 1 AND 5),
    communication smallint    CHECK (communication BETWEEN 1 AND 5),
    location      smallint    CHECK (location BETWEEN 1 AND 5),
    value         smallint    CHECK (value BETWEEN 1 AND 5),
    public_text   text        NOT NULL,
    -- For the other side's eyes alone.
    private_text  text,
    -- The one answer in public, by the one reviewed.
    response      text,
    responded_at  timestamptz,
    -- End of the window, as it was when the review was written.
    closes_at     timestamptz NOT NULL,
    -- When it was published and, if it is a guest's, counted in the property's rating.
    published_at  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT app_now(),
    updated_at    timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT reviews_one_a_side UNIQUE (booking_id, author_role),
    CONSTRAINT reviews_of_the_other CHECK (author_id <> subject_id),
    CONSTRAINT reviews_response_whole CHECK (num_nulls(response, responded_at) IN (0, 2))
);
-- The list of a property, newest first.
CREATE INDEX reviews_property ON reviews (property_id, id DESC) WHERE author_role = 'guest';
-- What the scheduler publishes.
CREATE INDEX reviews_due ON reviews (closes_at) WHERE published_at IS NULL;

-- Looked at by people. Once a person and review.
CREATE TABLE review_reports (
    review_id   uuid        NOT NULL REFERENCES reviews (id),
    reporter_id uuid        NOT NULL REFERENCES users (id),
    reason      text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT app_now(),
    PRIMARY KEY (review_id, reporter_id)
);

-- What guests' published reviews come to, counted in the transaction that publishes them.
ALTER TABLE properties
    ADD COLUMN rating_count        integer NOT NULL DEFAULT 0,
    ADD COLUMN rating_sum          integer NOT NULL DEFAULT 0,
    ADD COLUMN cleanliness_count   integer NOT NULL DEFAULT 0,
    ADD COLUMN cleanliness_sum     integer NOT NULL DEFAULT 0,
    ADD COLUMN accuracy_count      integer NOT NULL DEFAULT 0,
    ADD COLUMN accuracy_sum        integer NOT NULL DEFAULT 0,
    ADD COLUMN check_in_count      integer NOT NULL DEFAULT 0,
    ADD COLUMN check_in_sum        integer NOT NULL DEFAULT 0,
    ADD COLUMN communication_count integer NOT NULL DEFAULT 0,
    ADD COLUMN communication_sum   integer NOT NULL DEFAULT 0,
    ADD COLUMN location_count      integer NOT NULL DEFAULT 0,
    ADD COLUMN location_sum        integer NOT NULL DEFAULT 0,
    ADD COLUMN value_count         integer NOT NULL DEFAULT 0,
    ADD COLUMN value_sum           integer NOT NULL DEFAULT 0;

GRANT SELECT, INSERT, UPDATE ON reviews TO roost_app;
GRANT SELECT, INSERT ON review_reports TO roost_app;
