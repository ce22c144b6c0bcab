SET LOCAL lock_timeout = '3s';

-- Taxes of places on stays: each rate that matches a property's place and a stay's arrival is one line of its price.
CREATE TABLE tax_rates (
    id           integer  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    country      char(2)  NOT NULL,
    -- Every way to write the region, in lower case; none for the whole country.
    regions      text[]   CHECK (cardinality(regions) > 0 AND regions::text = lower(regions::text)),
    -- The same for cities; none for the whole region.
    cities       text[]   CHECK (cardinality(cities) > 0 AND cities::text = lower(cities::text)),
    code         text     NOT NULL,
    -- As the guest reads it.
    description  text     NOT NULL,
    -- Hundredths of a percent of the subtotal.
    basis_points integer  NOT NULL CHECK (basis_points BETWEEN 1 AND 10000),
    -- Of stays that arrive from the one day on and before the other.
    valid_from   date     NOT NULL,
    valid_until  date     CHECK (valid_until > valid_from),
    UNIQUE (country, code, valid_from)
);

-- EXAMPLES, NOT TAX ADVICE: real rates of occupancy taxes as published, simplified (no exemptions, no county
-- surcharges, no rule on long stays), so that there is something to compute with. Whoever runs this replaces them.
INSERT INTO tax_rates (country, regions, cities, code, description, basis_points, valid_from, valid_until) VALUES
    ('US', '{hi,hawaii,us-hi}', NULL, 'us_hi_tat', 'Hawaii transient accommodations tax', 1025, '2018-01-01', '2026-01-01'),
    ('US', '{hi,hawaii,us-hi}', NULL, 'us_hi_tat', 'Hawaii transient accommodations tax', 1100, '2026-01-01', NULL),
    ('US', '{hi,hawaii,us-hi}', NULL, 'us_hi_get', 'Hawaii general excise tax', 400, '1965-01-01', NULL),
    ('US', '{fl,florida,us-fl}', NULL, 'us_fl_transient', 'Florida transient rentals tax', 600, '1988-02-01', NULL),
    ('CA', '{qc,quebec,québec,ca-qc}', NULL, 'ca_qc_lodging', 'Quebec tax on lodging', 350, '2016-11-01', NULL),
    ('AE', '{dubai,du,ae-du}', NULL, 'ae_du_municipality', 'Dubai municipality fee', 700, '2016-01-01', NULL),
    ('AE', '{dubai,du,ae-du}', NULL, 'ae_vat', 'United Arab Emirates VAT', 500, '2018-01-01', NULL),
    ('MV', NULL, NULL, 'mv_tgst', 'Maldives tourism goods and services tax', 1600, '2023-01-01', '2025-07-01'),
    ('MV', NULL, NULL, 'mv_tgst', 'Maldives tourism goods and services tax', 1700, '2025-07-01', NULL);

GRANT SELECT ON tax_rates TO roost_app;
