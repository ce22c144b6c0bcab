SET LOCAL lock_timeout = '3s';

-- By whose clocks a person reads instants (IANA); none: nobody has said.
ALTER TABLE users ADD COLUMN time_zone text CHECK (length(time_zone) BETWEEN 1 AND 64);
