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
