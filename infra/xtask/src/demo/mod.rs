//! `cargo xtask demo`: the whole journey over HTTP against the running stack, step by step, with its clock: by REST
//! here, and once more by GraphQL.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::clock;
use crate::description::Description;
use crate::paths::Paths;
use crate::ui;

mod graphql;

/// The longest a mail or a webhook may take: what was not published at once is by the scheduler, which comes each minute.
const ARRIVES_WITHIN: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A photo of 640 by 400 pixels.
pub(crate) const PHOTO: &[u8] = include_bytes!("../../../assets/photo.png");

/// Uploads [`PHOTO`] to where the API said.
pub(crate) async fn upload(http: &reqwest::Client, url: &Value) -> Result<()> {
    let url = url.as_str().context("an upload has an address")?;
    let request = http.put(url).header("content-type", "image/png").body(PHOTO);
    request.send().await?.error_for_status().context("uploading a photo")?;
    Ok(())
}

/// The stack as a client sees it, and the journey's own clock.
struct Journey {
    http: reqwest::Client,
    description: Description,
    started: Instant,
    step: u32,
    keys: u32,
}

/// Somebody signed in.
struct Person {
    email: String,
    token: String,
}

/// Plays the journey; fails at the first step that does not end as it should.
pub(crate) async fn run(paths: &Paths) -> Result<()> {
    let description = Description::read(paths)?;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let mut journey = Journey { http, description, started: Instant::now(), step: 0, keys: 0 };
    ui::say("By REST:");
    let by_rest = journey.play(paths).await;
    clock::reset(paths).await?;
    by_rest?;
    ui::say("By GraphQL:");
    let by_graphql = journey.play_by_graphql(paths).await;
    clock::reset(paths).await?;
    by_graphql?;
    ui::say(&format!("Both journeys took {:.1} s.", journey.started.elapsed().as_secs_f64()));
    Ok(())
}

impl Journey {
    async fn play(&mut self, paths: &Paths) -> Result<()> {
        let host = self.person("Hedy").await?;
        let guest = self.person("Gustav").await?;
        let property = self.listing(&host).await?;
        let stay = json!({"check_in": day(3)?, "check_out": day(6)?});
        self.find(&property, &stay).await?;
        let booking = self.book(&guest, &property, &stay).await?;
        self.pay(&guest, &booking).await?;
        self.mail_to(&guest, "confirmed").await?;
        self.cancel_another(&guest, &property).await?;
        self.stay(paths, &guest, &booking).await?;
        self.review(&host, &guest, &booking, &property).await
    }

    /// Registers somebody, reads the mail, opens its link, signs in.
    async fn person(&mut self, first_name: &str) -> Result<Person> {
        let (email, password) = credentials(first_name)?;
        let body = json!({"email": email, "password": password, "first_name": first_name, "last_name": "Demo"});
        self.call(Method::POST, "/v1/users", None, &body).await?;
        let token = self.verification_token(&email).await?;
        self.call(Method::POST, "/v1/auth/email/verify", None, &json!({"token": token})).await?;
        let body = json!({"email": email, "password": password});
        let session = self.call(Method::POST, "/v1/auth/login", None, &body).await?;
        self.tell(&format!("{first_name} registers, opens the link in the mail and signs in"));
        Ok(Person { email, token: text_of(&session, "access_token")? })
    }

    async fn listing(&mut self, host: &Person) -> Result<String> {
        let body = json!({
            "title": "Lighthouse keeper's cottage", "description": "Nothing but sea and sky.", "kind": "house",
            "location": {"latitude": 60.2, "longitude": 5.0, "city": "Bergen", "country": "NO"},
            "base_price": {"amount": 120_000, "currency": "NOK"}, "cleaning_fee": {"amount": 30_000, "currency": "NOK"},
            "max_guests": 4, "instant_book": true, "cancellation_policy": "flexible",
        });
        let property = self.call(Method::POST, "/v1/properties", Some(host), &body).await?;
        let id = text_of(&property, "id")?;
        let photo = json!({"content_type": "image/png", "bytes": PHOTO.len()});
        let photo = self.call(Method::POST, &format!("/v1/properties/{id}/photos"), Some(host), &photo).await?;
        upload(&self.http, &photo["upload"]["url"]).await?;
        self.call(Method::POST, &format!("/v1/properties/{id}/list"), Some(host), &json!({})).await?;
        self.tell(&format!("the host drafts {id}, uploads a photo and lists it"));
        Ok(id)
    }

    async fn find(&mut self, property: &str, stay: &Value) -> Result<()> {
        let (check_in, check_out) = (text_of(stay, "check_in")?, text_of(stay, "check_out")?);
        let dates = format!("check_in={check_in}&check_out={check_out}");
        let path = format!("/v1/properties?bbox=4.9,60.1,5.1,60.3&{dates}&guests=2&limit=100");
        let found = self.get(&path, None).await?;
        let hits = found["data"].as_array().context("a page has data")?;
        let hit = hits.iter().find(|hit| hit["id"] == property);
        let Some(hit) = hit else { bail!("the search did not find {property} among {} hits", hits.len()) };
        let quote = self.get(&format!("/v1/properties/{property}/quote?{dates}&guests=2"), None).await?;
        if quote["price"]["total"] != hit["stay"]["total"] {
            bail!("search and quote do not agree: {} and {}", hit["stay"], quote);
        }
        self.tell(&format!("a search of the map finds it; the quote is {}", money(&quote["price"]["total"])));
        Ok(())
    }

    async fn book(&mut self, guest: &Person, property: &str, stay: &Value) -> Result<String> {
        let mut body = stay.clone();
        body["property_id"] = json!(property);
        body["guests"] = json!({"adults": 2});
        let booking = self.call(Method::POST, "/v1/bookings", Some(guest), &body).await?;
        let id = text_of(&booking, "id")?;
        self.tell(&format!("the guest books {id}: {}", booking["status"]));
        Ok(id)
    }

    /// Pays with a test card, as the provider's own library would, and waits for the webhook to confirm the booking.
    async fn pay(&mut self, guest: &Person, booking: &str) -> Result<String> {
        let payment = self.call(Method::POST, "/v1/payments", Some(guest), &json!({"booking_id": booking})).await?;
        self.confirm_with_card(&text_of(&payment, "client_secret")?).await?;
        self.until(guest, &format!("/v1/bookings/{booking}"), "status", "confirmed").await?;
        self.tell("the guest pays with a test card; the webhook confirms the booking");
        text_of(&payment, "id")
    }

    /// What Stripe's own library does in the guest's browser.
    async fn confirm_with_card(&self, secret: &str) -> Result<()> {
        let intent = secret.split("_secret").next().unwrap_or_default();
        let (stripe, key) = self.description.stripe();
        let form = [("payment_method", "pm_card_visa"), ("client_secret", secret)];
        let url = format!("{stripe}/v1/payment_intents/{intent}/confirm");
        let answer = self.http.post(&url).bearer_auth(key).form(&form).send().await?;
        let status = answer.status();
        if !status.is_success() {
            bail!("the card was refused: {status} {}", answer.text().await?);
        }
        Ok(())
    }

    async fn cancel_another(&mut self, guest: &Person, property: &str) -> Result<()> {
        let stay = json!({"check_in": day(20)?, "check_out": day(22)?});
        let booking = self.book(guest, property, &stay).await?;
        let payment = self.pay(guest, &booking).await?;
        let preview = self.get(&format!("/v1/bookings/{booking}/cancellation"), Some(guest)).await?;
        let reason = json!({"reason": "Plans changed"});
        self.call(Method::POST, &format!("/v1/bookings/{booking}/cancel"), Some(guest), &reason).await?;
        let path = format!("/v1/payments/{payment}");
        let payment = self.until(guest, &path, "status", "refunded").await?;
        if payment["refunds"][0]["amount"] != preview["refund"] {
            bail!("the refund is not what the preview said: {} and {}", payment["refunds"], preview["refund"]);
        }
        self.tell(&format!("a second booking is cancelled; {} go back, as previewed", money(&preview["refund"])));
        Ok(())
    }

    async fn stay(&mut self, paths: &Paths, guest: &Person, booking: &str) -> Result<()> {
        clock::advance(paths, Duration::from_secs(7 * 86_400)).await?;
        self.until(guest, &format!("/v1/bookings/{booking}"), "status", "completed").await?;
        self.tell("a week later the stay is completed");
        Ok(())
    }

    async fn review(&mut self, host: &Person, guest: &Person, booking: &str, property: &str) -> Result<()> {
        let by_guest = json!({"booking_id": booking, "rating": 5, "public_text": "Woke up to whales."});
        self.call(Method::POST, "/v1/reviews", Some(guest), &by_guest).await?;
        let by_host = json!({"booking_id": booking, "rating": 5, "public_text": "Left it as they found it."});
        self.call(Method::POST, "/v1/reviews", Some(host), &by_host).await?;
        let reviews = self.get(&format!("/v1/properties/{property}/reviews"), None).await?;
        if reviews["data"][0]["public_text"] != "Woke up to whales." {
            bail!("the review is not published: {reviews}");
        }
        self.tell("both sides review, and so both can be read");
        Ok(())
    }

    async fn mail_to(&mut self, person: &Person, subject: &str) -> Result<()> {
        let mail = self.mail(&person.email, subject).await?;
        self.tell(&format!("a mail arrives: {}", mail["subject"]));
        Ok(())
    }

    /// The token of the link in the mail that verifies an address.
    async fn verification_token(&self, email: &str) -> Result<String> {
        let mail = self.mail(email, "Verify").await?;
        let text = mail["text"].as_str().context("a mail has a text")?;
        let token = text.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
        Ok(token.context("the mail has a link with a token")?.to_owned())
    }

    /// The mail to somebody whose subject has these words, as soon as it is there.
    async fn mail(&self, to: &str, subject: &str) -> Result<Value> {
        let since = Instant::now();
        loop {
            let mails: Vec<Value> = self.http.get(self.description.mail()).send().await?.json().await?;
            let is_it =
                |mail: &Value| mail["to"] == to && mail["subject"].as_str().is_some_and(|it| it.contains(subject));
            if let Some(mail) = mails.into_iter().find(is_it) {
                return Ok(mail);
            }
            if since.elapsed() > ARRIVES_WITHIN {
                bail!("no mail to {to} about {subject:?} within {ARRIVES_WITHIN:?}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The object at `path`, as soon as its field has this value.
    async fn until(&self, person: &Person, path: &str, field: &str, value: &str) -> Result<Value> {
        let since = Instant::now();
        loop {
            let object = self.get(path, Some(person)).await?;
            if object[field] == value {
                return Ok(object);
            }
            if since.elapsed() > ARRIVES_WITHIN {
                bail!("{path} has {field} {}, not {value:?}, after {ARRIVES_WITHIN:?}", object[field]);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn get(&self, path: &str, person: Option<&Person>) -> Result<Value> {
        let mut request = self.http.get(format!("{}{path}", self.description.api()));
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        answered(path, request).await
    }

    async fn call(&mut self, method: Method, path: &str, person: Option<&Person>, body: &Value) -> Result<Value> {
        let key = self.new_key();
        let url = format!("{}{path}", self.description.api());
        let mut request = self.http.request(method, url).header("Idempotency-Key", key).json(body);
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        answered(path, request).await
    }

    /// An idempotency key nobody has used.
    fn new_key(&mut self) -> String {
        self.keys += 1;
        format!("demo-{}-{}", self.started.elapsed().as_nanos(), self.keys)
    }

    fn tell(&mut self, what: &str) {
        self.step += 1;
        ui::say(&format!("{:>2}. {what} ({:.1} s)", self.step, self.started.elapsed().as_secs_f64()));
    }
}

/// An address and a password of somebody new.
fn credentials(first_name: &str) -> Result<(String, String)> {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    Ok((format!("{}-{unique}@demo.roost.test", first_name.to_lowercase()), format!("demo {unique}")))
}

async fn answered(path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let answer = request.send().await.with_context(|| format!("calling {path}"))?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("{path} answered {status}: {text}");
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
}

fn text_of(object: &Value, field: &str) -> Result<String> {
    Ok(object[field].as_str().with_context(|| format!("no {field} in {object}"))?.to_owned())
}

fn money(money: &Value) -> String {
    format!("{} minor units of {}", money["amount"], money["currency"].as_str().unwrap_or_default())
}

/// The date so many days from today.
fn day(days: i32) -> Result<String> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(today.checked_add(jiff::Span::new().days(days))?.to_string())
}
