// A provider of OpenID Connect for tests: npm's certified oidc-provider on a free port of this machine, with its own pages to
// sign in and to consent, which take any name and password.
//
// Usage: node issuer.mjs <client id> <client secret> <redirect URI>. Prints one line of JSON with its issuer, and ends when its
// standard input does. Who signs in as `x@y` has that address, verified unless it begins with `unverified`.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Its notices are not for who reads the one line, and reads no other.
console.info = console.error;

// NODE_PATH, which imports don't look at: the package is not installed beside this file.
const require = createRequire(import.meta.url);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const [clientId, clientSecret, redirectUri] = process.argv.slice(2);

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name", "family_name", "locale"] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, email: id, email_verified: !id.startsWith("unverified"), given_name: "Grace", family_name: "Hopper",
      locale: "fr-FR",
    }),
  }),
});
server.on("request", provider.callback());

process.stdin.resume().on("end", () => process.exit(0));
console.log(JSON.stringify({ issuer }));
