-- Which events a person wants to hear of, and how. No row: by every channel.
CREATE TABLE notification_preferences (
    user_id    uuid        NOT NULL REFERENCES users (id),
    kind       text        NOT NULL,
    email      boolean     NOT NULL,
    in_app     boolean     NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT app_now(),
    PRIMARY KEY (user_id, kind)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON notification_preferences TO roost_app;
