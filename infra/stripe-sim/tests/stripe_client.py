"""Drives the simulator with Stripe's own Python client, unmodified but for the address.

Usage: stripe_client.py <path of the stripe-sim binary>. Exits 0 when everything holds; an AssertionError says what
does not. Starts the simulator itself, since the endpoint for its webhooks must be there first.
"""

import json
import queue
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe

KEY = "sk_test_python"
SECRET = "whsec_python"
PATIENCE_SECONDS = 20

received = queue.Queue()


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.put((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


def refused(kind, code, call):
    try:
        call()
    except kind as error:
        assert error.code == code, (error.code, str(error))
        assert error.request_id and error.request_id.startswith("req_"), error.request_id
        return error
    raise AssertionError(f"expected {kind.__name__} {code}")


def events_until(client, wanted):
    """The next webhooks, their signatures verified by the client, up to one of the wanted kind."""
    seen = []
    while not seen or seen[-1].type != wanted:
        body, signature = received.get(timeout=PATIENCE_SECONDS)
        seen.append(client.construct_event(body, signature, SECRET))
    return seen


def payments(client):
    intents = client.v1.payment_intents
    intent = intents.create({"amount": 12550, "currency": "usd", "metadata": {"booking": "book_1"}})
    assert intent.status == "requires_payment_method" and intent.metadata["booking"] == "book_1"
    assert intent.last_response.headers["Stripe-Version"] == stripe.api_version
    intent = intents.confirm(intent.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]})
    assert intent.status == "succeeded" and intent.amount_received == 12550
    assert intent.latest_charge.captured and intent.latest_charge.payment_method_details.card.last4 == "4242"
    kinds = [event.type for event in events_until(client, "payment_intent.succeeded")]
    assert kinds == ["payment_intent.created", "payment_intent.succeeded"], kinds
    return intent


def declines(client):
    intents = client.v1.payment_intents
    create = {"amount": 900, "currency": "eur", "confirm": True}
    for method, decline_code in [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ]:
        error = refused(
            stripe.CardError, "card_declined", lambda: intents.create({**create, "payment_method": method})
        )
        assert error.error.decline_code == decline_code
        assert error.error.payment_intent.status == "requires_payment_method"
    card = {"number": "4000000000000002", "exp_month": 8, "exp_year": 2034, "cvc": "314"}
    data = {"type": "card", "card": card}
    refused(stripe.CardError, "card_declined", lambda: intents.create({**create, "payment_method_data": data}))
    asked = intents.create({**create, "payment_method": "pm_card_threeDSecure2Required"})
    assert asked.status == "requires_action" and asked.next_action.type == "use_stripe_sdk"
    cancelled = intents.cancel(asked.id, {"cancellation_reason": "abandoned"})
    assert cancelled.status == "canceled" and cancelled.cancellation_reason == "abandoned"


def captures(client):
    intents = client.v1.payment_intents
    intent = intents.create(
        {"amount": 5000, "currency": "gbp", "capture_method": "manual", "confirm": True, "payment_method": "pm_card_visa"}
    )
    assert intent.status == "requires_capture" and intent.amount_capturable == 5000
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert charge.payment_method_details.card.capture_before > charge.created
    captured = intents.capture(intent.id, {"amount_to_capture": 4000})
    assert captured.status == "succeeded" and captured.amount_received == 4000
    refused(stripe.InvalidRequestError, "payment_intent_unexpected_state", lambda: intents.capture(intent.id))


def refunds(client, intent):
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 2550, "reason": "requested_by_customer"})
    assert first.status == "succeeded" and first.charge == intent.latest_charge.id
    refused(
        stripe.InvalidRequestError,
        None,
        lambda: client.v1.refunds.create({"payment_intent": intent.id, "amount": 10001}),
    )
    client.v1.refunds.create({"charge": intent.latest_charge.id})
    refused(
        stripe.InvalidRequestError,
        "charge_already_refunded",
        lambda: client.v1.refunds.create({"payment_intent": intent.id}),
    )
    listed = client.v1.refunds.list({"payment_intent": intent.id, "limit": 1})
    assert listed.has_more and sum(refund.amount for refund in listed.auto_paging_iter()) == 12550


def disputes(client):
    intent = client.v1.payment_intents.create(
        {"amount": 700, "currency": "usd", "confirm": True, "payment_method": "pm_card_createDispute"}
    )
    dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert dispute.amount == 700 and dispute.reason == "fraudulent"
    event = events_until(client, "charge.dispute.created")[-1]
    assert event.data.object["id"] == dispute.id
    assert client.v1.events.retrieve(event.id).type == "charge.dispute.created"


def onboarding(client, address):
    account = client.v1.accounts.create(
        {
            "country": "JP",
            "email": "host@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "controller": {
                "fees": {"payer": "application"},
                "losses": {"payments": "application"},
                "stripe_dashboard": {"type": "express"},
            },
        }
    )
    assert account.type == "express" and account.default_currency == "jpy" and not account.payouts_enabled
    assert "external_account" in account.requirements.currently_due
    refused(
        stripe.InvalidRequestError,
        "insufficient_capabilities_for_transfer",
        lambda: client.v1.transfers.create({"amount": 1, "currency": "usd", "destination": account.id}),
    )
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "https://roost.example/again",
            "return_url": "https://roost.example/done",
        }
    )
    assert link.url.startswith(address + "/onboarding/")
    onboard = f"{address}/_sim/accounts/{account.id}/onboard"
    handle("POST", onboard, json.dumps({"outcome": "requirements_due"}).encode())
    assert not client.v1.accounts.retrieve(account.id).payouts_enabled
    handle("POST", onboard, json.dumps({"outcome": "complete"}).encode())
    for enabled in [False, True]:
        event = events_until(client, "account.updated")[-1]
        assert event.account == account.id and event.data.object["payouts_enabled"] == enabled
    enabled = client.v1.accounts.retrieve(account.id)
    assert enabled.payouts_enabled and enabled.capabilities.transfers == "active"
    renamed = client.v1.accounts.update(account.id, {"metadata": {"user": "user_1"}})
    assert renamed.metadata["user"] == "user_1" and client.v1.accounts.list().data[0].id == account.id
    return account


def transfers(client, account):
    paid = client.v1.payment_intents.create(
        {"amount": 20000, "currency": "jpy", "confirm": True, "payment_method": "pm_card_visa"}
    )
    create = client.v1.transfers.create
    plain = {"amount": 15000, "currency": "jpy", "destination": account.id, "transfer_group": "book_3"}
    refused(stripe.InvalidRequestError, "balance_insufficient", lambda: create(plain))
    transfer = create({**plain, "source_transaction": paid.latest_charge}, {"idempotency_key": "t1"})
    again = create({**plain, "source_transaction": paid.latest_charge}, {"idempotency_key": "t1"})
    assert again.id == transfer.id and again.last_response.headers["Idempotent-Replayed"] == "true"
    assert events_until(client, "transfer.created")[-1].data.object["id"] == transfer.id
    refused(
        stripe.InvalidRequestError, None, lambda: create({**plain, "source_transaction": paid.latest_charge})
    )
    reversals = client.v1.transfers.reversals
    first = reversals.create(transfer.id, {"amount": 4000})
    assert first.amount == 4000 and first.transfer == transfer.id
    assert events_until(client, "transfer.reversed")[-1].data.object["amount_reversed"] == 4000
    refused(stripe.InvalidRequestError, None, lambda: reversals.create(transfer.id, {"amount": 11001}))
    reversals.create(transfer.id)
    after = client.v1.transfers.retrieve(transfer.id)
    assert after.reversed and [reversal.amount for reversal in after.reversals.data] == [11000, 4000]
    listed = client.v1.transfers.list({"transfer_group": "book_3", "destination": account.id})
    assert [transfer.id for transfer in listed.data] == [transfer.id]
    pending = {entry.currency: entry.amount for entry in client.v1.balance.retrieve().pending}
    # The charge less its fee and the transfer wait for the same day; what came back is available at once.
    assert pending["jpy"] == 20000 - (580 + 30) - 15000, pending


def idempotency(client):
    create = client.v1.payment_intents.create
    params = {"amount": 1000, "currency": "usd"}
    first = create(params, {"idempotency_key": "k1"})
    again = create(params, {"idempotency_key": "k1"})
    assert again.id == first.id and again.last_response.headers["Idempotent-Replayed"] == "true"
    try:
        create({**params, "amount": 1001}, {"idempotency_key": "k1"})
    except stripe.IdempotencyError:
        return
    raise AssertionError("a key with other parameters must be refused")


def strictness(client, address):
    intents = client.v1.payment_intents
    refused(
        stripe.InvalidRequestError, "parameter_unknown", lambda: intents.create({"amount": 1, "currency": "usd", "x": 1})
    )
    refused(stripe.InvalidRequestError, "resource_missing", lambda: intents.retrieve("pi_none"))
    stranger = stripe.StripeClient("sk_test_stranger", base_addresses={"api": address})
    refused(stripe.AuthenticationError, None, lambda: stranger.v1.payment_intents.list())
    old = {"stripe_version": "2019-12-03"}
    refused(stripe.InvalidRequestError, None, lambda: intents.list({}, old))


def retries(client, address):
    """The client's own retries, through every fault that a network brings, charge once."""
    patient = stripe.StripeClient(
        KEY,
        base_addresses={"api": address},
        max_network_retries=3,
        http_client=stripe.RequestsClient(timeout=1),
    )
    for kind in ["timeout_after", "http_500", "http_409", "reset"]:
        before = len(list(client.v1.payment_intents.list({"limit": 100}).auto_paging_iter()))
        fault = json.dumps({"kind": kind, "times": 1}).encode()
        handle("POST", address + "/_sim/faults", fault)
        intent = patient.v1.payment_intents.create(
            {"amount": 800, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
        )
        assert intent.status == "succeeded"
        after = len(list(client.v1.payment_intents.list({"limit": 100}).auto_paging_iter()))
        assert after == before + 1, (kind, before, after)


def handle(method, url, body):
    from urllib.request import ProxyHandler, Request, build_opener

    with build_opener(ProxyHandler({})).open(Request(url, body, method=method)) as answer:
        return json.load(answer)


def main(binary):
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{endpoint.server_port}/hook"
    command = [binary, "--key", KEY, "--webhook-secret", SECRET, "--webhook-url", hook]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        try:
            facts = json.loads(simulator.stdout.readline())
            assert facts["api_version"] == stripe.api_version, "the pinned client speaks another version"
            address = facts["url"]
            client = stripe.StripeClient(KEY, base_addresses={"api": address}, max_network_retries=0)
            intent = payments(client)
            declines(client)
            captures(client)
            refunds(client, intent)
            disputes(client)
            transfers(client, onboarding(client, address))
            idempotency(client)
            strictness(client, address)
            retries(client, address)
        finally:
            simulator.terminate()
        assert simulator.wait(PATIENCE_SECONDS) == 0, simulator.returncode


if __name__ == "__main__":
    main(sys.argv[1])
