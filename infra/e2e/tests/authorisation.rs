//! Every operation of the published contract refuses strangers. An operation that is not in the table here fails the
//! test: whoever adds one says who may call it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Call, Operation, Property, Samples, Stack, Stay, User, forgeries, new_key, unknown_id};
use reqwest::Method;

/// Who may call an operation, and what a signed-in stranger is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Anybody, without a token.
    Public,
    /// Anybody for what is listed; a draft is its host's alone and `404` to others.
    PublicWhenListed,
    /// Anybody signed in, for what is their own.
    SignedIn,
    /// Guest and host of the booking; `404` to others.
    PartyOfBooking,
    /// The same, of something that this booking does not have: `404` to everybody.
    PartyOfBookingWhereThere,
    /// Guest and host of the thread; `404` to others.
    PartyOfThread,
    /// The owner of the wishlist; `404` to others.
    OwnerOfWishlist,
    /// The same, and whoever has the link, without a token.
    SharedByLink,
    /// The host; others get `403` where they may see the property and `404` where not.
    Host,
    /// Admins; `403` to others.
    Admin,
}

const TABLE: &[(&str, Rule)] = &[
    ("GET /health", Rule::Public),
    ("GET /health/ready", Rule::Public),
    ("GET /docs/errors", Rule::Public),
    ("GET /openapi.json", Rule::Public),
    ("GET /.well-known/jwks.json", Rule::Public),
    ("GET /.well-known/openid-configuration", Rule::Public),
    ("POST /v1/users", Rule::Public),
    ("GET /v1/users/me", Rule::SignedIn),
    ("PATCH /v1/users/me", Rule::SignedIn),
    ("POST /v1/users/me/email", Rule::SignedIn),
    ("POST /v1/users/me/avatar", Rule::SignedIn),
    ("DELETE /v1/users/me/avatar", Rule::SignedIn),
    ("DELETE /v1/users/me", Rule::SignedIn),
    ("GET /v1/users/me/export", Rule::SignedIn),
    ("GET /v1/users/{id}", Rule::Public),
    ("POST /v1/auth/login", Rule::Public),
    ("POST /v1/auth/refresh", Rule::Public),
    ("POST /v1/auth/logout", Rule::Public),
    ("POST /v1/auth/email/verify", Rule::Public),
    ("POST /v1/auth/password/forgot", Rule::Public),
    ("POST /v1/auth/password/reset", Rule::Public),
    ("POST /v1/auth/totp", Rule::SignedIn),
    ("POST /v1/auth/totp/confirm", Rule::SignedIn),
    ("DELETE /v1/auth/totp", Rule::SignedIn),
    ("GET /v1/auth/oidc", Rule::Public),
    ("POST /v1/auth/oidc/{provider}/start", Rule::Public),
    ("POST /v1/auth/oidc/{provider}/complete", Rule::Public),
    ("GET /v1/auth/identities", Rule::SignedIn),
    ("DELETE /v1/auth/identities/{id}", Rule::SignedIn),
    ("GET /v1/auth/sessions", Rule::SignedIn),
    ("DELETE /v1/auth/sessions/{id}", Rule::SignedIn),
    ("POST /v1/auth/email/resend", Rule::SignedIn),
    ("GET /v1/properties", Rule::Public),
    ("GET /v1/properties/map", Rule::Public),
    ("POST /v1/properties", Rule::SignedIn),
    ("GET /v1/places", Rule::Public),
    ("GET /v1/properties/{id}", Rule::PublicWhenListed),
    ("PATCH /v1/properties/{id}", Rule::Host),
    ("DELETE /v1/properties/{id}", Rule::Host),
    ("POST /v1/properties/{id}/photos", Rule::Host),
    ("PATCH /v1/properties/{id}/photos/{photo_id}", Rule::Host),
    ("DELETE /v1/properties/{id}/photos/{photo_id}", Rule::Host),
    ("GET /v1/properties/{id}/quote", Rule::PublicWhenListed),
    ("GET /v1/properties/{id}/calendar", Rule::PublicWhenListed),
    ("PUT /v1/properties/{id}/calendar", Rule::Host),
    ("POST /v1/properties/{id}/list", Rule::Host),
    ("POST /v1/properties/{id}/unlist", Rule::Host),
    // Its token is in the query, and is not an access token.
    ("GET /v1/properties/{id}/calendar.ics", Rule::Public),
    ("GET /v1/properties/{id}/calendar-export", Rule::Host),
    ("POST /v1/properties/{id}/calendar-export", Rule::Host),
    ("GET /v1/properties/{id}/feeds", Rule::Host),
    ("POST /v1/properties/{id}/feeds", Rule::Host),
    ("DELETE /v1/properties/{id}/feeds/{feed_id}", Rule::Host),
    ("GET /v1/bookings", Rule::SignedIn),
    ("POST /v1/bookings", Rule::SignedIn),
    ("GET /v1/bookings/{id}", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/accept", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/decline", Rule::PartyOfBooking),
    ("GET /v1/bookings/{id}/cancellation", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/cancel", Rule::PartyOfBooking),
    ("GET /v1/bookings/{id}/change", Rule::PartyOfBookingWhereThere),
    ("POST /v1/bookings/{id}/change", Rule::PartyOfBooking),
    ("DELETE /v1/bookings/{id}/change", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/change/accept", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/change/decline", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/no-show", Rule::PartyOfBooking),
    ("GET /v1/bookings/{id}/messages", Rule::PartyOfBooking),
    ("POST /v1/bookings/{id}/messages", Rule::PartyOfBooking),
    ("GET /v1/bookings/{id}/calendar.ics", Rule::PartyOfBooking),
    ("GET /v1/bookings/{id}/receipt", Rule::PartyOfBooking),
    ("GET /v1/threads", Rule::SignedIn),
    ("POST /v1/threads", Rule::SignedIn),
    ("GET /v1/threads/{id}", Rule::PartyOfThread),
    ("GET /v1/threads/{id}/messages", Rule::PartyOfThread),
    ("POST /v1/threads/{id}/messages", Rule::PartyOfThread),
    ("POST /v1/threads/{id}/read", Rule::PartyOfThread),
    ("GET /v1/payments", Rule::SignedIn),
    ("POST /v1/payments", Rule::SignedIn),
    ("GET /v1/payments/{id}", Rule::SignedIn),
    ("POST /v1/payments/{id}/refunds", Rule::SignedIn),
    ("POST /v1/payout-account", Rule::SignedIn),
    ("GET /v1/payout-account", Rule::SignedIn),
    ("GET /v1/payouts", Rule::SignedIn),
    ("GET /v1/payouts/{id}", Rule::SignedIn),
    ("GET /v1/earnings", Rule::SignedIn),
    ("GET /v1/admin/ledger/trial-balance", Rule::Admin),
    ("GET /v1/admin/users", Rule::Admin),
    ("POST /v1/admin/users/{id}/suspend", Rule::Admin),
    ("POST /v1/admin/users/{id}/restore", Rule::Admin),
    ("GET /v1/admin/properties", Rule::Admin),
    ("POST /v1/admin/properties/{id}/suspend", Rule::Admin),
    ("POST /v1/admin/properties/{id}/restore", Rule::Admin),
    ("GET /v1/admin/bookings", Rule::Admin),
    ("GET /v1/admin/reviews", Rule::Admin),
    ("POST /v1/admin/reviews/{id}/hide", Rule::Admin),
    ("POST /v1/admin/reviews/{id}/restore", Rule::Admin),
    ("GET /v1/admin/payments", Rule::Admin),
    ("GET /v1/admin/audit", Rule::Admin),
    ("POST /v1/webhooks/stripe", Rule::Public),
    ("GET /v1/properties/{id}/reviews", Rule::PublicWhenListed),
    ("POST /v1/reviews", Rule::SignedIn),
    ("GET /v1/reviews/{id}", Rule::Public),
    ("PATCH /v1/reviews/{id}", Rule::SignedIn),
    ("POST /v1/reviews/{id}/response", Rule::SignedIn),
    ("POST /v1/reviews/{id}/report", Rule::SignedIn),
    ("GET /v1/wishlists", Rule::SignedIn),
    ("POST /v1/wishlists", Rule::SignedIn),
    ("GET /v1/wishlists/{id}", Rule::SharedByLink),
    ("PATCH /v1/wishlists/{id}", Rule::OwnerOfWishlist),
    ("DELETE /v1/wishlists/{id}", Rule::OwnerOfWishlist),
    ("GET /v1/wishlists/{id}/items", Rule::SharedByLink),
    ("PUT /v1/wishlists/{id}/items/{property_id}", Rule::OwnerOfWishlist),
    ("DELETE /v1/wishlists/{id}/items/{property_id}", Rule::OwnerOfWishlist),
    ("GET /v1/notifications", Rule::SignedIn),
    ("POST /v1/notifications/{id}/read", Rule::SignedIn),
    ("GET /v1/notifications/preferences", Rule::SignedIn),
    ("PUT /v1/notifications/preferences", Rule::SignedIn),
];

fn rule(operation: &Operation) -> Option<Rule> {
    TABLE.iter().find(|(name, _)| *name == operation.name()).map(|(_, rule)| *rule)
}

fn is_secured(rule: Rule) -> bool {
    !matches!(rule, Rule::Public | Rule::PublicWhenListed | Rule::SharedByLink)
}

/// The operations that need a token, each with a request that would succeed with one.
fn secured(api: &Api) -> Vec<Operation> {
    api.contract().operations().into_iter().filter(|it| it.secured).collect()
}

fn call<'a>(api: &'a Api, samples: &Samples, operation: &Operation, path: &str) -> Result<Call<'a>> {
    let call = api.call(Method::from_bytes(operation.method.as_bytes())?, path).key(&new_key());
    Ok(if operation.body.is_some() { call.json(&samples.body(operation)?) } else { call })
}

fn expect_401(answer: &Answer, reason: Option<&str>) -> Result<()> {
    answer.expect_problem(401, "unauthenticated")?;
    let challenge = answer.require_header("www-authenticate")?;
    ensure!(challenge.starts_with("Bearer"), "not RFC 6750: {answer}");
    let told = reason.is_none_or(|reason| challenge.contains(&format!("error=\"{reason}\"")));
    ensure!(told, "error={reason:?} is not told: {answer}");
    Ok(())
}

#[tokio::test]
async fn every_operation_of_the_contract_is_in_the_table() -> Result<()> {
    let api = Api::connect().await?;
    let operations = api.contract().operations();
    let published: BTreeSet<String> = operations.iter().map(Operation::name).collect();
    let known: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<&String> = published.difference(&known).collect();
    ensure!(missing.is_empty(), "say in TABLE of tests/authorisation.rs who may call {missing:?}");
    for operation in &operations {
        let rule = rule(operation).context("not in the table")?;
        ensure!(operation.secured == is_secured(rule), "{} is {rule:?} and published otherwise", operation.name());
    }
    Ok(())
}

#[tokio::test]
async fn without_a_token_every_secured_operation_is_refused() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    for operation in secured(&api) {
        let path = samples.path(&operation)?;
        expect_401(&call(&api, &samples, &operation, &path)?.send().await?, None)?;
        for scheme in ["Basic dXNlcjpwYXNz", "bearer", "Bearer", "Bearer ", "Token abc", ""] {
            let answer = call(&api, &samples, &operation, &path)?.header("authorization", scheme.as_bytes());
            expect_401(&answer.send().await?, None)?;
        }
        let as_parameter = format!("{path}?access_token={}", samples.guest.access_token);
        expect_401(&call(&api, &samples, &operation, &as_parameter)?.send().await?, None)?;
    }
    Ok(())
}

#[tokio::test]
async fn refusal_comes_before_the_body_is_judged() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    for operation in secured(&api).iter().filter(|it| it.body.is_some()) {
        let path = samples.path(operation)?;
        let method = Method::from_bytes(operation.method.as_bytes())?;
        for body in ["{}", "{", "{\"colour\":\"red\"}"] {
            expect_401(&api.call(method.clone(), &path).json_text(body).send().await?, None)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn bad_and_forged_tokens_are_refused_by_every_secured_operation() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let jwks = api.get("/.well-known/jwks.json").expect(200).await?.json()?;
    ensure!(!jwks.to_string().contains("\"d\""), "a private key is published: {jwks}");
    let mut tokens = forgeries(&samples.guest.access_token, &jwks)?;
    for garbage in ["garbage", "a.b.c", "..", "eyJhbGciOiJFUzI1NiJ9..", "null", &"x".repeat(6_000)] {
        tokens.push(("garbage".to_owned(), garbage.to_owned()));
    }
    tokens.push(("a refresh token".to_owned(), samples.guest.refresh_token.clone()));
    for operation in secured(&api) {
        let path = samples.path(&operation)?;
        for (trick, token) in &tokens {
            let answer = call(&api, &samples, &operation, &path)?.bearer(token).send().await?;
            expect_401(&answer, Some("invalid_token")).with_context(|| format!("{trick} is taken"))?;
        }
        // The same request with the good token is let in: the refusals above were for the token.
        let answer = call(&api, &samples, &operation, &path)?.by(&samples.guest).send().await?;
        ensure!(answer.status != 401, "the good token is refused: {answer}");
    }
    Ok(())
}

fn path_of(operation: &Operation, property: &Property) -> Result<String> {
    let path = operation.path.replace("{id}", &property.id).replace("{feed_id}", &unknown_id("feed"));
    let path = path.replace("{photo_id}", &unknown_id("photo"));
    if !path.ends_with("/quote") {
        return Ok(path);
    }
    Ok(format!("{path}?{}&guests=1", Stay::in_days(20, 2)?.query()))
}

#[tokio::test]
async fn resource_of_another_is_refused_by_every_operation_on_it() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let (stranger, host) = (&samples.stranger, samples.property.host.clone());
    for operation in api.contract().operations() {
        let answer_to = async |user: &User, path: String| -> Result<Answer> {
            call(&api, &samples, &operation, &path)?.by(user).send().await
        };
        match rule(&operation).context("not in the table")? {
            Rule::PartyOfBooking | Rule::PartyOfThread => {
                let path = samples.path(&operation)?;
                answer_to(stranger, path.clone()).await?.expect_problem(404, "not_found")?;
                for party in [&samples.guest, &host] {
                    ensure!(
                        answer_to(party, path.clone()).await?.status != 404,
                        "{} hides from {party:?}",
                        operation.name()
                    );
                }
            }
            Rule::PartyOfBookingWhereThere => {
                let path = samples.path(&operation)?;
                for user in [stranger, &samples.guest, &host] {
                    answer_to(user, path.clone()).await?.expect_problem(404, "not_found")?;
                }
            }
            Rule::PublicWhenListed => {
                answer_to(stranger, path_of(&operation, &samples.draft)?).await?.expect_problem(404, "not_found")?;
                let path = path_of(&operation, &samples.draft)?;
                call(&api, &samples, &operation, &path)?.send().await?.expect_problem(404, "not_found")?;
                answer_to(stranger, path_of(&operation, &samples.property)?).await?.expect_status(200)?;
            }
            Rule::OwnerOfWishlist | Rule::SharedByLink => {
                let samples = Samples::make(&api).await?;
                let path = samples.path(&operation)?;
                answer_to(stranger, path.clone()).await?.expect_problem(404, "not_found")?;
                let by_owner = answer_to(&samples.guest, path).await?;
                ensure!(by_owner.status < 300, "its owner is refused: {by_owner}");
            }
            Rule::Host => {
                answer_to(stranger, path_of(&operation, &samples.draft)?).await?.expect_problem(404, "not_found")?;
                answer_to(stranger, path_of(&operation, &samples.property)?).await?.expect_problem(403, "forbidden")?;
            }
            Rule::Admin => {
                for user in [stranger, &host] {
                    answer_to(user, samples.path(&operation)?).await?.expect_problem(403, "forbidden")?;
                }
            }
            Rule::Public | Rule::SignedIn => {}
        }
    }
    let kept = api.get(&samples.property.path()).expect(200).await?;
    ensure!(kept.text_at("/status")? == "listed", "a stranger changed it: {kept}");
    Ok(())
}

/// Who calls, as far as the samples go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    Stranger,
    Guest,
    Host,
    Admin,
}

/// What a caller is refused with; none for who is let in.
fn refusal(rule: Rule, who: Who) -> Option<u16> {
    match (rule, who) {
        (Rule::Public | Rule::PublicWhenListed, _) | (Rule::SharedByLink, Who::Guest) => None,
        (Rule::SharedByLink, _) => Some(404),
        (_, Who::Anonymous) => Some(401),
        (Rule::PartyOfBooking | Rule::PartyOfThread, Who::Stranger)
        | (Rule::PartyOfThread, Who::Admin)
        | (Rule::PartyOfBookingWhereThere, _) => Some(404),
        (Rule::OwnerOfWishlist, who) => (who != Who::Guest).then_some(404),
        (Rule::Host, who) => (who != Who::Host).then_some(403),
        (Rule::Admin, who) => (who != Who::Admin).then_some(403),
        (Rule::SignedIn | Rule::PartyOfBooking | Rule::PartyOfThread, _) => None,
    }
}

/// What must not be tried in earnest: accounts that others need would be gone or changed.
fn would_harm(operation: &Operation, rule: Rule, who: Who) -> bool {
    operation.name() == "DELETE /v1/users/me"
        || (rule == Rule::SignedIn && who == Who::Admin && operation.method != "GET")
}

#[tokio::test]
async fn every_operation_answers_each_kind_of_caller_by_its_rule() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let (email, password) = Stack::load()?.demo("admin")?;
    let admin = api.login(&email, &password).await?;
    let user = |who| match who {
        Who::Anonymous => None,
        Who::Stranger => Some(&samples.stranger),
        Who::Guest => Some(&samples.guest),
        Who::Host => Some(&samples.property.host),
        Who::Admin => Some(&admin),
    };
    let operations = api.contract().operations();
    // All refusals first: who is let in may take away what the others ask for.
    for is_refused in [true, false] {
        for operation in &operations {
            let rule = rule(operation).context("not in the table")?;
            for who in [Who::Anonymous, Who::Stranger, Who::Admin, Who::Host, Who::Guest] {
                let refusal = refusal(rule, who);
                if refusal.is_some() != is_refused || would_harm(operation, rule, who) {
                    continue;
                }
                let call = call(&api, &samples, operation, &samples.path(operation)?)?;
                let answer = match user(who) {
                    Some(user) => call.by(user).send().await?,
                    None => call.send().await?,
                };
                match refusal {
                    Some(status) => ensure!(answer.status == status, "{who:?} is not refused with {status}: {answer}"),
                    None if rule == Rule::Public => {}
                    None => ensure!(answer.status != 401, "{who:?} is refused: {answer}"),
                }
                let is_let_do = refusal.is_none() && matches!(rule, Rule::Host | Rule::Admin);
                ensure!(!is_let_do || answer.status != 403, "{who:?} may not: {answer}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn lists_show_nothing_of_others() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    for query in ["", "?role=guest", "?role=host", &format!("?role=host&property_id={}", samples.property.id)] {
        let answer = api.get(&format!("/v1/bookings{query}")).by(&samples.stranger).send().await?;
        ensure!(!String::from_utf8_lossy(&answer.body).contains(&samples.booking_id), "{answer}");
    }
    Ok(())
}
