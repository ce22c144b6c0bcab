SET LOCAL lock_timeout = '3s';

-- What admins have done, each in the transaction of the act. Nothing here is ever changed or taken away.
CREATE TABLE audit_log (
    id           uuid        PRIMARY KEY,
    actor_id     uuid        NOT NULL REFERENCES users (id),
    action       text        NOT NULL,
    -- What it was done to.
    subject_kind text        NOT NULL CHECK (subject_kind IN ('user', 'property', 'booking', 'payment', 'review')),
    subject_id   uuid        NOT NULL,
    -- In the admin's words.
    reason       text        CHECK (length(reason) BETWEEN 1 AND 500),
    at           timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id DESC);
CREATE INDEX audit_log_subject ON audit_log (subject_id, id DESC);

-- Grants keep the functions from it; this keeps the owner from it too.
CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change();

GRANT SELECT, INSERT ON audit_log TO roost_app;

-- A property is suspended by itself (suspended_at), or together with its host. Either way it has the state before in
-- suspended_from, to go back to when neither holds any more.
ALTER TABLE properties
    ADD COLUMN suspended_at   timestamptz,
    ADD COLUMN suspended_from text CHECK (suspended_from IN ('draft', 'listed', 'unlisted')),
    ADD CONSTRAINT properties_suspended_from_somewhere
        CHECK (status <> 'suspended' OR suspended_from IS NOT NULL) NOT VALID;
UPDATE properties SET suspended_from = 'unlisted', suspended_at = app_now() WHERE status = 'suspended';

-- Taken out of sight by an admin: it is not shown, and not counted in the property's rating.
ALTER TABLE reviews ADD COLUMN hidden_at timestamptz;

-- Since when the person of an account has gone: what was personal is erased, the row stays for the books.
ALTER TABLE users ADD COLUMN erased_at timestamptz;

-- Erasures under way: what is outside of this database follows after the commit, and is repeated until it is done.
CREATE TABLE erasures (
    user_id     uuid        PRIMARY KEY REFERENCES users (id),
    -- By the wall clock.
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX erasures_open ON erasures (begun_at) WHERE finished_at IS NULL;
-- What one person has reported.
CREATE INDEX review_reports_reporter ON review_reports (reporter_id);

GRANT SELECT, INSERT, UPDATE ON erasures TO roost_app;
GRANT UPDATE (text) ON messages TO roost_app;
GRANT UPDATE (reason) ON review_reports TO roost_app;
