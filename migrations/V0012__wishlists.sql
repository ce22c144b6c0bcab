CREATE TABLE wishlists (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id),
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The secret of the link by which others may look; none while the list is private.
    share_token text,
    created_at  timestamptz NOT NULL DEFAULT app_now(),
    updated_at  timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX wishlists_user ON wishlists (user_id, id DESC);

-- A property that is taken off the market stays on the list: its host may bring it back.
CREATE TABLE wishlist_items (
    wishlist_id uuid        NOT NULL REFERENCES wishlists (id) ON DELETE CASCADE,
    property_id uuid        NOT NULL REFERENCES properties (id),
    added_at    timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT wishlist_items_pkey PRIMARY KEY (wishlist_id, property_id)
);
-- Pages of a list, newest first.
CREATE INDEX wishlist_items_newest ON wishlist_items (wishlist_id, added_at DESC, property_id DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON wishlists TO roost_app;
GRANT SELECT, INSERT, DELETE ON wishlist_items TO roost_app;
