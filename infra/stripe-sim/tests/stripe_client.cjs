// Drives the simulator with Stripe's own Node client, unmodified but for the address.
//
// Usage: node stripe_client.cjs <path of the stripe-sim binary>, with the client on NODE_PATH. Exits 0 when everything
// holds; an AssertionError says what does not. Starts the simulator itself, since the endpoint for its webhooks must be
// there first.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const http = require("node:http");
const readline = require("node:readline");
const Stripe = require("stripe");

const KEY = "sk_test_node";
const SECRET = "whsec_node";
const PATIENCE_MS = 20_000;

const received = [];
const waiting = [];

const endpoint = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const webhook = { body: Buffer.concat(chunks), signature: request.headers["stripe-signature"] };
    const next = waiting.shift();
    if (next) next(webhook);
    else received.push(webhook);
    response.writeHead(200).end();
  });
});

function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// The next webhook of this type, its signature verified by the client.
async function event(stripe, type) {
  for (;;) {
    const next = received.length > 0 ? received.shift() : new Promise((resolve) => waiting.push(resolve));
    const webhook = await inTime(Promise.resolve(next), type);
    const read = stripe.webhooks.constructEvent(webhook.body, webhook.signature, SECRET);
    if (read.type === type) return read;
  }
}

async function refused(type, code, call) {
  const error = await call().then(() => assert.fail(`expected ${type} ${code}`), (error) => error);
  assert.deepEqual([error.type, error.code], [type, code], String(error));
  assert.match(error.requestId, /^req_/);
  return error;
}

async function payments(stripe) {
  const intents = stripe.paymentIntents;
  const created = await intents.create({ amount: 12550, currency: "usd", metadata: { booking: "book_1" } });
  assert.equal(created.status, "requires_payment_method");
  const paid = await intents.confirm(created.id, { payment_method: "pm_card_visa", expand: ["latest_charge"] });
  assert.deepEqual([paid.status, paid.amount_received, paid.latest_charge.captured], ["succeeded", 12550, true]);
  assert.equal((await event(stripe, "payment_intent.succeeded")).data.object.id, paid.id);
  await refused("StripeCardError", "card_declined", () =>
    intents.create({ amount: 900, currency: "eur", confirm: true, payment_method: "pm_card_visa_chargeDeclined" }));
  const held = await intents.create({
    amount: 5000, currency: "gbp", capture_method: "manual", confirm: true, payment_method: "pm_card_visa",
  });
  assert.equal((await intents.capture(held.id, { amount_to_capture: 4000 })).amount_received, 4000);
  await refused("StripeInvalidRequestError", "payment_intent_unexpected_state", () => intents.capture(held.id));
  return paid;
}

async function refunds(stripe, intent) {
  const part = await stripe.refunds.create({ payment_intent: intent.id, amount: 2550 });
  assert.deepEqual([part.status, part.charge], ["succeeded", intent.latest_charge.id]);
  await refused("StripeInvalidRequestError", undefined, () =>
    stripe.refunds.create({ payment_intent: intent.id, amount: 10001 }));
  const listed = [];
  for await (const refund of stripe.refunds.list({ payment_intent: intent.id, limit: 1 })) listed.push(refund.amount);
  assert.deepEqual(listed, [2550]);
}

async function onboarding(stripe, address) {
  const account = await stripe.accounts.create({
    country: "DE", email: "host@example.com", capabilities: { transfers: { requested: true } },
    controller: {
      fees: { payer: "application" }, losses: { payments: "application" }, stripe_dashboard: { type: "express" },
    },
  });
  assert.deepEqual([account.type, account.payouts_enabled, account.default_currency], ["express", false, "eur"]);
  assert.ok(account.requirements.currently_due.length > 0);
  await refused("StripeInvalidRequestError", "insufficient_capabilities_for_transfer", () =>
    stripe.transfers.create({ amount: 1, currency: "usd", destination: account.id }));
  const link = await stripe.accountLinks.create({
    account: account.id, type: "account_onboarding", refresh_url: "http://127.0.0.1:1/again",
    return_url: "http://127.0.0.1:1/done",
  });
  assert.ok(link.url.startsWith(address) && link.expires_at > link.created);
  const form = new URLSearchParams({ outcome: "complete" });
  const sent = await fetch(link.url, { method: "POST", body: form, redirect: "manual" });
  assert.deepEqual([sent.status, sent.headers.get("location")], [303, "http://127.0.0.1:1/done"]);
  const told = await event(stripe, "account.updated");
  assert.deepEqual([told.account, told.data.object.payouts_enabled], [account.id, true]);
  const enabled = await stripe.accounts.retrieve(account.id);
  assert.deepEqual([enabled.payouts_enabled, enabled.capabilities.transfers], [true, "active"]);
  return enabled;
}

async function transfers(stripe, account) {
  const paid = await stripe.paymentIntents.create({
    amount: 20000, currency: "usd", confirm: true, payment_method: "pm_card_visa", transfer_group: "book_2",
  });
  const balance = await stripe.balance.retrieve();
  assert.equal(balance.available.find(({ currency }) => currency === "usd").amount <= 0, true);
  const plain = { amount: 15000, currency: "usd", destination: account.id };
  await refused("StripeInvalidRequestError", "balance_insufficient", () => stripe.transfers.create(plain));
  const create = { ...plain, source_transaction: paid.latest_charge, metadata: { payout: "pout_1" } };
  const once = await stripe.transfers.create(create, { idempotencyKey: "pout_1" });
  const again = await stripe.transfers.create(create, { idempotencyKey: "pout_1" });
  assert.equal(again.id, once.id);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  assert.deepEqual([once.destination, once.transfer_group, once.reversed], [account.id, "book_2", false]);
  assert.equal((await event(stripe, "transfer.created")).data.object.id, once.id);
  await refused("StripeInvalidRequestError", undefined, () =>
    stripe.transfers.create({ ...create, amount: 5001 }, { idempotencyKey: "pout_2" }));
  const reversal = await stripe.transfers.createReversal(once.id, { amount: 4000 });
  assert.deepEqual([reversal.object, reversal.amount, reversal.transfer], ["transfer_reversal", 4000, once.id]);
  assert.equal((await event(stripe, "transfer.reversed")).data.object.amount_reversed, 4000);
  await refused("StripeInvalidRequestError", undefined, () =>
    stripe.transfers.createReversal(once.id, { amount: 11001 }));
  const listed = await stripe.transfers.list({ transfer_group: "book_2" });
  assert.deepEqual(listed.data.map(({ id, amount_reversed }) => [id, amount_reversed]), [[once.id, 4000]]);
  assert.equal((await stripe.transfers.retrieve(once.id, { expand: ["destination"] })).destination.object, "account");
}

// The client's own retries, through every fault that a network brings, transfer once.
async function retries(stripe, address, account, options) {
  const paid = await stripe.paymentIntents.create({
    amount: 50000, currency: "usd", confirm: true, payment_method: "pm_card_bypassPending",
  });
  assert.equal(paid.status, "succeeded");
  const patient = new Stripe(KEY, { ...options, maxNetworkRetries: 3, timeout: 1000 });
  for (const kind of ["timeout_after", "http_500", "http_409", "reset"]) {
    const before = (await stripe.transfers.list({ limit: 100 })).data.length;
    const fault = JSON.stringify({ kind, times: 1, path: "/transfers" });
    assert.equal((await fetch(`${address}/_sim/faults`, { method: "POST", body: fault })).status, 200);
    const sent = await patient.transfers.create({ amount: 100, currency: "usd", destination: account.id });
    assert.equal(sent.object, "transfer");
    assert.equal((await stripe.transfers.list({ limit: 100 })).data.length, before + 1, kind);
  }
}

async function strictness(stripe, options) {
  await refused("StripeInvalidRequestError", "parameter_unknown", () =>
    stripe.transfers.create({ amount: 1, currency: "usd", destination: "acct_1", colour: "red" }));
  await refused("StripeInvalidRequestError", "resource_missing", () => stripe.transfers.retrieve("tr_none"));
  await refused("StripePermissionError", "account_invalid", () => stripe.accounts.retrieve("acct_none"));
  const stranger = new Stripe("sk_test_stranger", options);
  await refused("StripeAuthenticationError", undefined, () => stranger.accounts.list());
}

async function main(binary) {
  await new Promise((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  const hook = `http://127.0.0.1:${endpoint.address().port}/hook`;
  const simulator = spawn(binary, ["--key", KEY, "--webhook-secret", SECRET, "--webhook-url", hook], {
    stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, LOG_LEVEL: "error" },
  });
  const ended = new Promise((resolve) => simulator.on("exit", resolve));
  try {
    const [line] = await inTime(
      new Promise((resolve) => readline.createInterface(simulator.stdout).once("line", (line) => resolve([line]))),
      "simulator",
    );
    const { url: address, api_version: version } = JSON.parse(line);
    const { hostname: host, port } = new URL(address);
    const options = { host, port, protocol: "http", maxNetworkRetries: 0, telemetry: false };
    const stripe = new Stripe(KEY, options);
    assert.equal(stripe.getApiField("version"), version, "the pinned client speaks another version");
    const intent = await payments(stripe);
    await refunds(stripe, intent);
    const account = await onboarding(stripe, address);
    await transfers(stripe, account);
    await retries(stripe, address, account, options);
    await strictness(stripe, options);
  } finally {
    simulator.kill("SIGTERM");
    endpoint.close();
    endpoint.closeAllConnections();
  }
  assert.equal(await inTime(ended, "end"), 0);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
