SET LOCAL lock_timeout = '3s';

-- Who a person is at a provider of OpenID Connect: signing in there signs them in here.
CREATE TABLE identities (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id),
    -- The provider, and its name for the person, which never changes and is nobody else's there.
    issuer     text        NOT NULL CHECK (length(issuer) BETWEEN 1 AND 2048),
    subject    text        NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    -- The address there when they were linked, by which the person tells one from another. Nobody is found by it.
    email      text        NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    created_at timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT identities_subject_unique UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- Nobody knows a password of who has only ever signed in at a provider.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;

GRANT SELECT, INSERT, DELETE ON identities TO roost_app;
