CREATE TABLE properties (
    id                          uuid     PRIMARY KEY,
    host_id                     uuid     NOT NULL REFERENCES users (id),
    status                      text     NOT NULL DEFAULT 'draft'
                                CHECK (status IN ('draft', 'listed', 'unlisted', 'suspended', 'archived')),
    title                       text,
    description                 text,
    kind                        text     NOT NULL,
    room_type                   text     NOT NULL,
    -- Microdegrees. The exact point is for the host and for guests with a confirmed booking.
    lat_e6                      integer  CHECK (lat_e6 BETWEEN -90000000 AND 90000000),
    lng_e6                      integer  CHECK (lng_e6 BETWEEN -180000000 AND 180000000),
    -- The point everybody else sees, searches and sorts by: 150 to 400 m away, drawn once.
    public_lat_e6               integer,
    public_lng_e6               integer,
    street                      text,
    city                        text,
    region                      text,
    country                     char(2),
    postal_code                 text,
    time_zone                   text     NOT NULL,
    max_guests                  smallint NOT NULL CHECK (max_guests BETWEEN 1 AND 50),
    bedrooms                    smallint NOT NULL CHECK (bedrooms BETWEEN 0 AND 50),
    beds                        smallint NOT NULL CHECK (beds BETWEEN 0 AND 100),
    bathrooms_halves            smallint NOT NULL CHECK (bathrooms_halves BETWEEN 0 AND 100),
    -- One bit an amenity, as numbered by the domain.
    amenities                   bigint   NOT NULL,
    house_rules                 text,
    check_in_time               time     NOT NULL,
    check_out_time              time     NOT NULL,
    currency                    char(3)  NOT NULL,
    -- Prices in minor units of the currency.
    base_price_minor            bigint   CHECK (base_price_minor > 0),
    weekend_price_minor         bigint   CHECK (weekend_price_minor > 0),
    weekly_discount_percent     smallint NOT NULL CHECK (weekly_discount_percent BETWEEN 0 AND 100),
    monthly_discount_percent    smallint NOT NULL CHECK (monthly_discount_percent BETWEEN 0 AND 100),
    cleaning_fee_minor          bigint   NOT NULL CHECK (cleaning_fee_minor >= 0),
    extra_guest_after           smallint,
    extra_guest_per_night_minor bigint   CHECK (extra_guest_per_night_minor >= 0),
    min_nights                  smallint NOT NULL CHECK (min_nights >= 1),
    max_nights                  smallint NOT NULL,
    advance_notice_hours        smallint NOT NULL CHECK (advance_notice_hours >= 0),
    preparation_nights          smallint NOT NULL CHECK (preparation_nights BETWEEN 0 AND 7),
    booking_window_days         smallint NOT NULL CHECK (booking_window_days BETWEEN 1 AND 730),
    instant_book                boolean  NOT NULL,
    pets_allowed                boolean  NOT NULL,
    cancellation_policy         text     NOT NULL
                                CHECK (cancellation_policy IN ('flexible', 'moderate', 'limited', 'firm', 'strict')),
    created_at                  timestamptz NOT NULL DEFAULT app_now(),
    updated_at                  timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT properties_nights_in_order CHECK (max_nights >= min_nights),
    CONSTRAINT properties_place_whole
        CHECK (num_nulls(lat_e6, lng_e6, public_lat_e6, public_lng_e6, country) IN (0, 5)),
    CONSTRAINT properties_extra_guest_whole
        CHECK (num_nulls(extra_guest_after, extra_guest_per_night_minor) IN (0, 2)),
    CONSTRAINT properties_listed_is_complete
        CHECK (status <> 'listed' OR num_nulls(title, lat_e6, base_price_minor) = 0)
);
CREATE INDEX properties_host ON properties (host_id, id DESC);

-- What search reads: one narrow row a listed property, written in the transaction that changes the property.
-- cell_NN is the quad-grid cell (Z-order) of the public point at level NN: one ordered index a level lets a map
-- box be answered by a merge of a few ordered branches.
CREATE TABLE listing_search (
    property_id        uuid     PRIMARY KEY REFERENCES properties (id),
    lat_e6             integer  NOT NULL,
    lng_e6             integer  NOT NULL,
    cell_04            bigint   NOT NULL,
    cell_06            bigint   NOT NULL,
    cell_08            bigint   NOT NULL,
    cell_10            bigint   NOT NULL,
    cell_12            bigint   NOT NULL,
    cell_14            bigint   NOT NULL,
    score              integer  NOT NULL,
    base_price_minor   bigint   NOT NULL,
    currency           char(3)  NOT NULL,
    max_guests         smallint NOT NULL,
    min_nights         smallint NOT NULL,
    max_nights         smallint NOT NULL,
    preparation_nights smallint NOT NULL,
    advance_notice_hours smallint NOT NULL,
    booking_window_days  smallint NOT NULL,
    check_in_time      time     NOT NULL,
    time_zone          text     NOT NULL
);
-- For boxes so wide that even the coarsest level needs too many cells.
CREATE INDEX listing_search_world ON listing_search (score DESC, property_id DESC);
CREATE INDEX listing_search_cell_04 ON listing_search (cell_04, score DESC, property_id DESC);
CREATE INDEX listing_search_cell_06 ON listing_search (cell_06, score DESC, property_id DESC);
CREATE INDEX listing_search_cell_08 ON listing_search (cell_08, score DESC, property_id DESC);
CREATE INDEX listing_search_cell_10 ON listing_search (cell_10, score DESC, property_id DESC);
CREATE INDEX listing_search_cell_12 ON listing_search (cell_12, score DESC, property_id DESC);
CREATE INDEX listing_search_cell_14 ON listing_search (cell_14, score DESC, property_id DESC);

GRANT SELECT, INSERT, UPDATE ON properties TO roost_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON listing_search TO roost_app;
