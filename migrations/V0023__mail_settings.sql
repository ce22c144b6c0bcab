SET LOCAL lock_timeout = '3s';

-- By whose clocks a person reads instants (IANA); none: nobody has said.
ALTER TABLE users ADD COLUMN time_zone text CHECK (length(time_zone) BETWEEN 1 AND 64);

-- Another address that an account is to have. It takes effect when the link that went there is opened.
CREATE TABLE email_changes (
    id                 uuid        PRIMARY KEY,
    user_id            uuid        NOT NULL REFERENCES users (id),
    -- What the account had: the notices go there, and the change is void once the account has another.
    old_email          text        NOT NULL CHECK (length(old_email) BETWEEN 3 AND 254),
    old_email_verified boolean     NOT NULL,
    new_email          text        NOT NULL CHECK (length(new_email) BETWEEN 3 AND 254),
    requested_at       timestamptz NOT NULL DEFAULT app_now(),
    completed_at       timestamptz
);
-- Of an account one is open at a time.
CREATE UNIQUE INDEX email_changes_one_open ON email_changes (user_id) WHERE completed_at IS NULL;
CREATE INDEX email_changes_user ON email_changes (user_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON email_changes TO roost_app;
