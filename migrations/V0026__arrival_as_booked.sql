SET LOCAL lock_timeout = '3s';

-- From when the guest may come, and by whose clocks, as it was when the stay was booked: what cancelling gives back and when
-- the host is paid is counted from there, whatever the listing says later. None on stays booked before: the listing's count.
ALTER TABLE bookings
    ADD COLUMN check_in_time time,
    ADD COLUMN time_zone text;
