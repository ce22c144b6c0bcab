-- The second factor of an account (RFC 6238): since when it is asked for at sign-in.
ALTER TABLE users ADD COLUMN totp_confirmed_at timestamptz;

-- Its secret, proposed or confirmed; sealed with a key that the database does not have.
CREATE TABLE second_factors (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    -- The latest step of 30 seconds whose code was taken: it and those before it are spent.
    last_step bigint,
    created_at timestamptz NOT NULL DEFAULT app_now()
);

-- Hashes of codes for whoever has lost the device; each goes when it is used.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    code_hash text NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON second_factors TO roost_app;
GRANT SELECT, INSERT, DELETE ON recovery_codes TO roost_app;
