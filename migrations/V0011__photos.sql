SET LOCAL lock_timeout = '3s';

-- How far and which way the public point lies from the exact one: noted when a host first moves the property, and kept
-- whatever becomes of its place, so that a point seen twice is never drawn twice.
ALTER TABLE properties
    ADD COLUMN public_offset_bearing_radians double precision,
    ADD COLUMN public_offset_metres          double precision,
    ADD CONSTRAINT properties_public_offset_whole
        CHECK (num_nulls(public_offset_bearing_radians, public_offset_metres) IN (0, 2)) NOT VALID;
