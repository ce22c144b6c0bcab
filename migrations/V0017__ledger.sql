SET LOCAL lock_timeout = '3s';

-- The books, double entry. A movement is one thing that happened to money; its entries sum to zero for each booking
-- and currency. Nothing here is ever changed or taken away: what was wrong is mended by another movement.
CREATE TABLE ledger_movements (
    id        uuid        PRIMARY KEY,
    -- What it tells of, such as 'capture:pay_…': the same thing can't be posted twice.
    source    text        NOT NULL CHECK (length(source) BETWEEN 1 AND 255),
    kind      text        NOT NULL,
    -- Whose earnings it concerns.
    host_id   uuid        NOT NULL REFERENCES users (id),
    posted_at timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT ledger_movements_source_unique UNIQUE (source)
);
-- Earnings by month.
CREATE INDEX ledger_movements_host ON ledger_movements (host_id, posted_at);
-- What the scheduler looks at again, and balances as of a day.
CREATE INDEX ledger_movements_posted ON ledger_movements (posted_at);

CREATE TABLE ledger_entries (
    movement_id  uuid     NOT NULL REFERENCES ledger_movements (id),
    line         smallint NOT NULL CHECK (line >= 0),
    account      text     NOT NULL
                 CHECK (account IN ('provider_balance', 'guest_funds', 'host_payable', 'guest_fee_revenue',
                                    'host_fee_revenue', 'tax_payable', 'rounding', 'refund_payable', 'provider_fees',
                                    'disputes', 'dispute_losses', 'suspense')),
    booking_id   uuid     NOT NULL REFERENCES bookings (id),
    currency     char(3)  NOT NULL,
    -- Debit positive, credit negative.
    amount_minor bigint   NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (movement_id, line)
);
CREATE INDEX ledger_entries_booking ON ledger_entries (booking_id);

CREATE FUNCTION ledger_refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_entries WHERE movement_id = NEW.movement_id
               GROUP BY booking_id, currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'the ledger movement % does not sum to zero', NEW.movement_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_movements_balanced';
    END IF;
    RETURN NULL;
END
$$;

-- At the commit, when all entries of the movement are there.
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_imbalance();

CREATE FUNCTION ledger_refuse_emptiness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_entries WHERE movement_id = NEW.id) THEN
        RAISE EXCEPTION 'the ledger movement % has no entries', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_movements_not_empty';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER ledger_movements_not_empty AFTER INSERT ON ledger_movements
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_emptiness();

-- Grants keep the functions from it; this keeps the owner from it too.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER ledger_movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_movements
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

GRANT SELECT, INSERT ON ledger_movements, ledger_entries TO roost_app;

-- What the provider charged for a payment, once it has said so.
ALTER TABLE payments ADD COLUMN fee_minor bigint;
ALTER TABLE payments ADD COLUMN fee_currency char(3);
-- Quarantined money may be of another currency than was asked for.
ALTER TABLE payments ADD COLUMN captured_currency char(3);
-- Whether the guest's bank contests it, or took it for good.
ALTER TABLE payments ADD COLUMN disputed boolean NOT NULL DEFAULT false;
CREATE INDEX payments_without_fee ON payments (asked_at) WHERE status = 'succeeded' AND fee_minor IS NULL;
-- What the scheduler holds against the books again.
CREATE INDEX payments_settled ON payments (updated_at) WHERE status = 'succeeded';

-- Payments that a guest's bank contests. The provider is the truth; this is what it said last.
CREATE TABLE disputes (
    -- The provider's name of it.
    id              text        PRIMARY KEY,
    payment_id      uuid        NOT NULL REFERENCES payments (id),
    amount_minor    bigint      NOT NULL CHECK (amount_minor >= 0),
    currency        char(3)     NOT NULL,
    status          text        NOT NULL,
    reason          text        NOT NULL,
    -- What the bank has taken and not given again, and what the provider charged for it, by the provider's account.
    withdrawn_minor bigint      NOT NULL,
    fee_minor       bigint      NOT NULL,
    account_currency char(3)    NOT NULL,
    -- Until when evidence is taken.
    respond_by      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT app_now(),
    updated_at      timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX disputes_payment ON disputes (payment_id);

GRANT SELECT, INSERT, UPDATE ON disputes TO roost_app;
