SET LOCAL lock_timeout = '3s';

-- Pictures of people, uploaded and checked as photos are. One is shown, and one at most waits for its upload or its check
-- or was rejected; the one that is shown stays until the next is ready.
CREATE TABLE avatars (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id),
    -- deleted: gone for everybody; kept until its objects are gone too.
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'rejected', 'deleted')),
    -- As declared, and then checked.
    content_type text        NOT NULL,
    bytes        integer     NOT NULL CHECK (bytes > 0),
    -- Where its sizes are served from, without a slash at the end: what the worker that made them was told.
    base_url     text,
    -- Why it was rejected.
    rejection    text,
    created_at   timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT avatars_ready_is_whole CHECK (status <> 'ready' OR base_url IS NOT NULL),
    CONSTRAINT avatars_rejected_says_why CHECK (status <> 'rejected' OR rejection IS NOT NULL)
);
CREATE UNIQUE INDEX avatars_one_shown ON avatars (user_id) WHERE status = 'ready';
CREATE UNIQUE INDEX avatars_one_upload ON avatars (user_id) WHERE status IN ('pending', 'rejected');
-- What the scheduler looks for, each minute.
CREATE INDEX avatars_to_sweep ON avatars (created_at) WHERE status IN ('pending', 'deleted');

GRANT SELECT, INSERT, UPDATE, DELETE ON avatars TO roost_app;

-- Who is an admin is for the operator to say, as the owner of this table: whatever the functions are made to do, their
-- role makes nobody one.
CREATE FUNCTION users_refuse_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'only the operator makes admins' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER users_admins_are_the_operators BEFORE INSERT OR UPDATE OF role ON users
    FOR EACH ROW WHEN (NEW.role = 'admin') EXECUTE FUNCTION users_refuse_admin();

-- The operator is no account.
ALTER TABLE audit_log
    ALTER COLUMN actor_id DROP NOT NULL,
    ADD CONSTRAINT audit_log_has_actor
        CHECK (actor_id IS NOT NULL OR action IN ('user.grant_admin', 'user.revoke_admin')) NOT VALID;

-- Whose sessions are to end because their tokens say what is no longer true. The scheduler does it.
CREATE TABLE sessions_to_end (
    user_id  uuid        PRIMARY KEY REFERENCES users (id),
    -- By the wall clock; another change meanwhile is another moment.
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON sessions_to_end TO roost_app;

-- What admins look for in accounts: a part of the address or the name.
CREATE INDEX IF NOT EXISTS users_by_part ON users
    USING gin ((email_key || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
