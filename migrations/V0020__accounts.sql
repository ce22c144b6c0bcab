-- Sessions that began before this have ended, by the wall clock as they are timed by it: a new password ends them all.
ALTER TABLE users ADD COLUMN sessions_valid_from timestamptz;
-- What people say of themselves.
ALTER TABLE users ADD COLUMN bio text CHECK (length(bio) BETWEEN 1 AND 2000);
ALTER TABLE users ADD COLUMN languages text[] NOT NULL DEFAULT '{}' CHECK (cardinality(languages) <= 20);
