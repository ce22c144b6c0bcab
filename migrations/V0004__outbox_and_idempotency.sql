-- Events written with the change they tell of, and published to the queue after its commit.
CREATE TABLE outbox (
    id            uuid        PRIMARY KEY,
    kind          text        NOT NULL,
    data          jsonb       NOT NULL,
    occurred_at   timestamptz NOT NULL DEFAULT app_now(),
    -- Until then one publisher is at it. The wall clock: a shifted clock must not republish.
    claimed_until timestamptz NOT NULL,
    published_at  timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (claimed_until) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- The answer to a POST, kept for 24 hours in the transaction of the write it answered.
CREATE TABLE idempotency_keys (
    caller      text        NOT NULL,
    key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- HMAC-SHA256 of method, path and canonical body: tells another request without keeping it.
    fingerprint bytea       NOT NULL,
    status      smallint    NOT NULL,
    headers     jsonb       NOT NULL,
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT app_now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, idempotency_keys TO roost_app;
