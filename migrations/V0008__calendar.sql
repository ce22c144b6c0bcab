SET LOCAL lock_timeout = '3s';

-- What a host says of single nights. A night without a row is open, at the property's own price and rules.
CREATE TABLE calendar_days (
    property_id uuid     NOT NULL REFERENCES properties (id),
    night       date     NOT NULL,
    blocked     boolean  NOT NULL DEFAULT false,
    -- Instead of base and weekend price, minor units of the property's currency.
    price_minor bigint   CHECK (price_minor > 0),
    -- Of stays that arrive on this day.
    min_nights  smallint CHECK (min_nights BETWEEN 1 AND 1125),
    note        text,
    PRIMARY KEY (property_id, night)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_days TO roost_app;
