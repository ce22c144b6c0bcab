-- A host's account at the provider: one a user. What the provider says of it is the truth.
CREATE TABLE payout_accounts (
    user_id    uuid        PRIMARY KEY REFERENCES users (id),
    country    char(2)     NOT NULL,
    -- None until the provider has answered.
    account_id text,
    status     text        NOT NULL DEFAULT 'onboarding' CHECK (status IN ('onboarding', 'restricted', 'enabled')),
    -- When the provider was asked last, by the wall clock.
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT app_now(),
    updated_at timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT payout_accounts_account_unique UNIQUE (account_id),
    CONSTRAINT payout_accounts_known CHECK (status = 'onboarding' OR account_id IS NOT NULL)
);
-- What the scheduler asks about: webhooks may be lost.
CREATE INDEX payout_accounts_unsettled ON payout_accounts (asked_at) WHERE status <> 'enabled';

-- What a stay has earned and is to be sent to its host, or was: one row an instalment.
CREATE TABLE payouts (
    id               uuid        PRIMARY KEY,
    host_id          uuid        NOT NULL REFERENCES users (id),
    booking_id       uuid        NOT NULL REFERENCES bookings (id),
    instalment       smallint    NOT NULL CHECK (instalment >= 1),
    status           text        NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'sending', 'sent', 'withheld', 'failed', 'reversed', 'canceled')),
    currency         char(3)     NOT NULL,
    amount_minor     bigint      NOT NULL CHECK (amount_minor > 0),
    -- Of it kept against what the host owes from other stays: what is left is sent.
    withheld_minor   bigint      NOT NULL DEFAULT 0,
    -- Of what was sent taken back.
    reversed_minor   bigint      NOT NULL DEFAULT 0,
    due_at           timestamptz NOT NULL,
    -- What the provider was told: repeated word for word while its answer is not known.
    account_id       text,
    source_intent_id text,
    attempt          integer     NOT NULL DEFAULT 0,
    transfer_id      text,
    -- The provider's name of the latest refusal.
    failure          text,
    -- A refused one is tried again from then on.
    retry_at         timestamptz NOT NULL DEFAULT app_now(),
    -- One under way is somebody's until then, by the wall clock.
    claimed_until    timestamptz NOT NULL DEFAULT to_timestamp(0),
    sent_at          timestamptz,
    created_at       timestamptz NOT NULL DEFAULT app_now(),
    updated_at       timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT payouts_instalment_unique UNIQUE (booking_id, instalment),
    CONSTRAINT payouts_transfer_unique UNIQUE (transfer_id),
    CONSTRAINT payouts_withheld_bounded CHECK (withheld_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT payouts_reversed_bounded CHECK (reversed_minor BETWEEN 0 AND amount_minor - withheld_minor),
    CONSTRAINT payouts_sent_by_transfer CHECK (status NOT IN ('sent', 'reversed') OR transfer_id IS NOT NULL)
);
CREATE INDEX payouts_host ON payouts (host_id, id DESC);
CREATE INDEX payouts_due ON payouts (due_at) WHERE status IN ('pending', 'failed');
CREATE INDEX payouts_under_way ON payouts (claimed_until) WHERE status = 'sending';

-- Which debts a payout was reduced by: what the host owed from other bookings.
CREATE TABLE payout_set_offs (
    payout_id    uuid   NOT NULL REFERENCES payouts (id),
    booking_id   uuid   NOT NULL REFERENCES bookings (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (payout_id, booking_id)
);
CREATE INDEX payout_set_offs_booking ON payout_set_offs (booking_id);

-- Money taken back of what was sent, since the stay earned less after all.
CREATE TABLE payout_reversals (
    id           uuid        PRIMARY KEY,
    payout_id    uuid        NOT NULL REFERENCES payouts (id),
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    -- What is refused stays owed, and later payouts are reduced by it.
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'refused')),
    name         text,
    failure      text,
    claimed_until timestamptz NOT NULL DEFAULT to_timestamp(0),
    created_at   timestamptz NOT NULL DEFAULT app_now(),
    updated_at   timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT payout_reversals_name_unique UNIQUE (name)
);
CREATE INDEX payout_reversals_payout ON payout_reversals (payout_id);
CREATE INDEX payout_reversals_pending ON payout_reversals (claimed_until) WHERE status = 'pending';

-- Bookings whose payouts are to be looked at again: what they earned has changed, or when it is due.
CREATE TABLE payouts_to_plan (
    booking_id uuid        PRIMARY KEY REFERENCES bookings (id),
    since      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION payouts_note_earnings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Not DO NOTHING: that would pass by a row which a planner, who has not seen this, is about to take away.
    INSERT INTO payouts_to_plan (booking_id) VALUES (NEW.booking_id)
    ON CONFLICT (booking_id) DO UPDATE SET since = EXCLUDED.since;
    RETURN NULL;
END
$$;

CREATE TRIGGER payouts_earned AFTER INSERT ON ledger_entries
    FOR EACH ROW WHEN (NEW.account = 'host_payable') EXECUTE FUNCTION payouts_note_earnings();

CREATE FUNCTION payouts_note_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payouts_to_plan (booking_id) VALUES (NEW.id)
    ON CONFLICT (booking_id) DO UPDATE SET since = EXCLUDED.since;
    RETURN NULL;
END
$$;

CREATE TRIGGER payouts_rescheduled AFTER UPDATE OF status, check_in, check_out ON bookings
    FOR EACH ROW WHEN (NEW.confirmed_at IS NOT NULL
        AND (OLD.status, OLD.check_in, OLD.check_out) IS DISTINCT FROM (NEW.status, NEW.check_in, NEW.check_out)
        -- Everything is due before a stay is over, or will be when it was.
        AND NEW.status <> 'completed')
    EXECUTE FUNCTION payouts_note_booking();

INSERT INTO payouts_to_plan (booking_id) SELECT DISTINCT booking_id FROM ledger_entries WHERE account = 'host_payable';

GRANT SELECT, INSERT, UPDATE ON payouts, payout_reversals TO roost_app;
-- An account that the provider refused to make is forgotten; set-offs go with a refused transfer.
GRANT SELECT, INSERT, UPDATE, DELETE ON payout_accounts, payout_set_offs, payouts_to_plan TO roost_app;
