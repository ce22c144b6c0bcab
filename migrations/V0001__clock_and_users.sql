-- Time has one source, so that a local or test stack can shift it by replacing this function. Plain now() here.
CREATE FUNCTION app_now() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT now()';

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE users (
    id                uuid        PRIMARY KEY,
    email             text        NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    -- The address lowered: the identity of an account whatever the spelling.
    email_key         text        NOT NULL,
    password_hash     text        NOT NULL,
    first_name        text        NOT NULL,
    last_name         text        NOT NULL,
    phone             text,
    locale            text        NOT NULL,
    currency          char(3)     NOT NULL,
    role              text        NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    email_verified_at timestamptz,
    suspended_at      timestamptz,
    created_at        timestamptz NOT NULL DEFAULT app_now(),
    updated_at        timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT users_email_unique UNIQUE (email_key)
);

GRANT USAGE ON SCHEMA public TO roost_app;
GRANT SELECT, INSERT, UPDATE ON users TO roost_app;
