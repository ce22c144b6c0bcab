-- One row an attempt to pay: at most one is open a booking. The provider's PaymentIntent is the truth about money;
-- this row is what we know of it and what we still have to tell it.
CREATE TABLE payments (
    id             uuid        PRIMARY KEY,
    booking_id     uuid        NOT NULL REFERENCES bookings (id),
    payer_id       uuid        NOT NULL REFERENCES users (id),
    -- None until the provider has answered.
    intent_id      text,
    status         text        NOT NULL DEFAULT 'requires_payment_method'
                   CHECK (status IN ('requires_payment_method', 'requires_action', 'processing', 'requires_capture',
                                     'succeeded', 'canceled')),
    -- Whether the host's answer captures what the card was authorised for.
    manual_capture boolean     NOT NULL,
    amount_minor   bigint      NOT NULL CHECK (amount_minor > 0),
    currency       char(3)     NOT NULL,
    captured_minor bigint      NOT NULL DEFAULT 0,
    refunded_minor bigint      NOT NULL DEFAULT 0,
    -- What the provider must still be told: 'capture' or 'cancel'.
    instruction    text        CHECK (instruction IN ('capture', 'cancel')),
    -- The provider's name of the failure the guest was told of last.
    last_failure   text,
    -- Money that came in another amount or currency than asked for: looked at by people, confirms nothing.
    quarantined_at timestamptz,
    -- When the provider was asked last, by the wall clock.
    asked_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at     timestamptz NOT NULL DEFAULT app_now(),
    updated_at     timestamptz NOT NULL DEFAULT app_now(),
    CONSTRAINT payments_intent_unique UNIQUE (intent_id),
    CONSTRAINT payments_captured_bounded CHECK (captured_minor BETWEEN 0 AND amount_minor OR quarantined_at IS NOT NULL),
    CONSTRAINT payments_refunded_bounded CHECK (refunded_minor BETWEEN 0 AND captured_minor)
);
CREATE UNIQUE INDEX payments_one_open ON payments (booking_id) WHERE status NOT IN ('succeeded', 'canceled');
CREATE INDEX payments_booking ON payments (booking_id, id DESC);
-- What the reconciler goes through.
CREATE INDEX payments_unsettled ON payments (asked_at)
    WHERE instruction IS NOT NULL OR status NOT IN ('succeeded', 'canceled');

CREATE TABLE refunds (
    id                 uuid        PRIMARY KEY,
    payment_id         uuid        NOT NULL REFERENCES payments (id),
    amount_minor       bigint      NOT NULL CHECK (amount_minor > 0),
    currency           char(3)     NOT NULL,
    reason             text        NOT NULL,
    status             text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
    provider_refund_id text        UNIQUE,
    asked_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at         timestamptz NOT NULL DEFAULT app_now(),
    updated_at         timestamptz NOT NULL DEFAULT app_now()
);
CREATE INDEX refunds_payment ON refunds (payment_id, id);
CREATE INDEX refunds_pending ON refunds (asked_at) WHERE status = 'pending';

ALTER TABLE bookings ADD COLUMN payment_id uuid REFERENCES payments (id);
ALTER TABLE bookings ADD COLUMN confirmed_at timestamptz;

GRANT SELECT, INSERT, UPDATE ON payments, refunds TO roost_app;
