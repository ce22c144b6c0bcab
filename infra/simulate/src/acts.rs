//! What people and workers do, as they would: by requests, and by what the queues and the provider hand them.

use domain::id::BookingId;
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Authentication, Person};

use crate::mishap::{self, Ending};
use crate::random::Random;
use crate::steps::{Act, Card, Side, What};
use crate::world::{Asked, Known, World};

/// How an act went, in few words; or what must never be.
pub(crate) type Went = Result<String, String>;

/// What a cancellation goes by: acts of one step run at the same time.
struct Circumstances {
    /// What goes back since the booking was called off, minor units.
    back: i64,
    /// All else that has befallen it.
    others: String,
}

/// Keys are kept for 24 hours: who does not ask again within them does not ask again.
const KEYS_LIVE_HOURS: i64 = 23;

/// Answers that come as slowly as this may have failed for want of time.
const SLOW: std::time::Duration = std::time::Duration::from_millis(900);

/// Of which step an act is, and where its own chance comes from.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The run's.
    pub(crate) seed: u64,
    /// The step.
    pub(crate) step: usize,
    /// Which of its acts.
    pub(crate) act: usize,
}

impl Place {
    fn random(self) -> Random {
        Random::part(self.seed ^ 0x5bd1_e995, (self.step * 16 + self.act) as u64)
    }

    fn name(self, what: &str) -> String {
        format!("{what} {}.{}", self.step, self.act)
    }
}

pub(crate) fn nothing() -> Went {
    Ok("nothing there".to_owned())
}

impl World {
    /// Does an act, with what befalls it.
    pub(crate) async fn perform(&self, place: Place, act: &Act) -> Went {
        let lose = async || self.lose_connections().await;
        match mishap::run(self.work(place, &act.what), act.mishap, lose).await {
            Ending::Whole(went) => went,
            Ending::Killed(delivery) => {
                if let Some(delivery) = delivery {
                    self.stores.killed_at(&delivery);
                }
                Ok("killed".to_owned())
            }
        }
    }

    async fn work(&self, place: Place, what: &What) -> Went {
        match *what {
            What::Book { booking, guest, listing, from, nights, quoted } => {
                self.book(booking, (guest, listing), (from, nights), quoted).await
            }
            What::BookAgain { booking } => self.ask(booking).await,
            What::Pay { booking, card } => self.pay(place, booking, card).await,
            What::PayLate { booking, card } => self.pay_late(booking, card).await,
            What::Answer { booking, accepts } => self.answer(booking, accepts).await,
            What::Cancel { booking, by } => self.cancel(booking, by).await,
            What::Refund { booking, percent } => self.refund(place, booking, percent).await,
            What::Propose { booking, by, later, nights } => self.propose(booking, by, (later, nights)).await,
            What::AnswerChange { booking, by, accepts } => self.answer_change(booking, by, accepts).await,
            What::Withdraw { booking, by } => self.withdraw(booking, by).await,
            What::NoShow { booking } => self.no_show(booking).await,
            What::Decide { dispute, won } => self.decide(dispute, won).await,
            What::Onboard { listing } => self.onboard(listing).await,
            What::ToTheBank { listing } => self.to_the_bank(listing).await,
            What::Block { listing, from, nights, available } => self.block(listing, (from, nights), available).await,
            What::Review { booking, by } => self.review(booking, by).await,
            What::Pass => self.pass().await,
            What::Deliver => self.deliver(place.random()).await,
            What::Hear { messages } => self.hear(place.random(), messages).await,
            What::Notify { messages, again } => self.notify(place.random(), messages, again).await,
        }
    }

    /// One request; what no request may ever be answered is a fault.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        person: &Person,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Answer, String> {
        let since = std::time::Instant::now();
        let answer = self.api.call_keyed(method, path, Some(&self.token(person)), key, body).await;
        let excused = !self.calm.get() || since.elapsed() > SLOW;
        match answer.status {
            500 => Err(format!("{path} was answered {}", answer.json())),
            503 if !excused => Err(format!("{path} was answered {} though nothing went wrong", answer.json())),
            _ => Ok(answer),
        }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        person: &Person,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Answer, String> {
        self.request(Method::POST, path, person, key, body).await
    }

    async fn book(
        &self,
        number: usize,
        (guest, listing): (usize, usize),
        (from, nights): (u32, u32),
        quoted: bool,
    ) -> Went {
        let (check_in, check_out) = (self.in_days(from), self.in_days(from + nights));
        let property_id = &self.listings[listing].id;
        let mut body = json!({
            "property_id": property_id, "check_in": check_in, "check_out": check_out,
            "guests": { "adults": 1 }, "message": format!("booking {number}"),
        });
        if quoted {
            let path = format!("/v1/properties/{property_id}/quote?check_in={check_in}&check_out={check_out}&guests=1");
            let quote = self.request(Method::GET, &path, &self.guests[guest], None, &Value::Null).await?.json();
            if quote["bookable"] == true {
                body["quote_id"] = quote["quote_id"].clone();
                body["expected_total"] = quote["price"]["total"].clone();
            }
        }
        let asked = Asked {
            guest,
            listing,
            key: format!("booking {number}"),
            body,
            at: self.clock.get(),
            known: Known::Nothing,
            client_secret: None,
        };
        self.asked.borrow_mut().insert(number, asked);
        self.ask(number).await
    }

    /// Sends the request of a booking, for the first time or again: what was answered once is answered ever after.
    async fn ask(&self, number: usize) -> Went {
        let (guest, key, body) = {
            let asked = self.asked.borrow();
            let Some(asked) = asked.get(&number) else { return nothing() };
            if (self.clock.get() - asked.at).as_hours() >= KEYS_LIVE_HOURS {
                return Ok("too late to ask again".to_owned());
            }
            (asked.guest, asked.key.clone(), asked.body.clone())
        };
        let answer = self.post("/v1/bookings", &self.guests[guest], Some(&key), &body).await?;
        let said = match answer.status {
            201 => Known::Made { id: text(&answer.json(), "id"), answer: answer.body.clone() },
            409 if answer.json()["code"] != "idempotency_in_progress" => Known::Refused(Some(answer.body.clone())),
            422 => Known::Refused(None),
            409 | 503 => return Ok(shown(&answer)),
            _ => return Err(format!("a booking was answered {}", answer.json())),
        };
        let mut all = self.asked.borrow_mut();
        let Some(asked) = all.get_mut(&number) else { return nothing() };
        match &asked.known {
            Known::Nothing | Known::Refused(None) => asked.known = said,
            known if *known == said => {}
            known => return Err(format!("the key of booking {number} was answered {known:?} and now {said:?}")),
        }
        Ok(shown(&answer))
    }

    /// The id of a booking that was made; asked for again if nobody knows.
    pub(crate) async fn made(&self, number: usize) -> Result<Option<String>, String> {
        let is_unknown = self.asked.borrow().get(&number).is_some_and(|asked| asked.known == Known::Nothing);
        if is_unknown {
            self.ask(number).await?;
        }
        Ok(match self.asked.borrow().get(&number).map(|asked| &asked.known) {
            Some(Known::Made { id, .. }) => Some(id.clone()),
            _ => None,
        })
    }

    pub(crate) fn side(&self, number: usize, side: Side) -> Option<Person> {
        self.asked.borrow().get(&number).map(|asked| self.person(asked, side).clone())
    }

    async fn pay(&self, place: Place, number: usize, card: Card) -> Went {
        let (Some(id), Some(guest)) = (self.made(number).await?, self.side(number, Side::Guest)) else {
            return nothing();
        };
        let key = place.name("pay");
        let answer = self.post("/v1/payments", &guest, Some(&key), &json!({ "booking_id": id })).await?;
        if !matches!(answer.status, 200 | 201) {
            return expected(&answer, &[409, 503]);
        }
        let secret = text(&answer.json(), "client_secret");
        if let Some(asked) = self.asked.borrow_mut().get_mut(&number) {
            asked.client_secret = Some(secret);
        }
        self.pay_late(number, card).await
    }

    async fn pay_late(&self, number: usize, card: Card) -> Went {
        let secret = self.asked.borrow().get(&number).and_then(|asked| asked.client_secret.clone());
        let Some(secret) = secret else { return nothing() };
        let (name, outcome) = match card {
            Card::Good => ("pm_card_visa", None),
            Card::Declined => ("pm_card_visa_chargeDeclined", None),
            Card::Seen => ("pm_card_threeDSecure2Required", Some(Authentication::Succeed)),
            Card::NotSeen => ("pm_card_threeDSecure2Required", Some(Authentication::Fail)),
            Card::Abandoned => ("pm_card_threeDSecure2Required", None),
            Card::Disputed => ("pm_card_createDispute", None),
        };
        let (status, intent) = self.stripe.pay(&secret, name).await;
        let mut said = intent["status"].as_str().unwrap_or("refused").to_owned();
        if let (Some(outcome), "requires_action") = (outcome, said.as_str()) {
            self.stripe.authenticate(intent["id"].as_str().unwrap_or_default(), outcome).await;
            said = format!("{outcome:?}");
        }
        Ok(format!("{status} {said}"))
    }

    async fn answer(&self, number: usize, accepts: bool) -> Went {
        let (Some(id), Some(host)) = (self.made(number).await?, self.side(number, Side::Host)) else {
            return nothing();
        };
        let verb = if accepts { "accept" } else { "decline" };
        let answer = self.post(&format!("/v1/bookings/{id}/{verb}"), &host, None, &Value::Null).await?;
        if answer.status == 200 && !accepts {
            self.promised.borrow_mut().ended.insert(id, "declined");
        }
        expected(&answer, &[200, 409, 503])
    }

    async fn cancel(&self, number: usize, by: Side) -> Went {
        let (Some(id), Some(person)) = (self.made(number).await?, self.side(number, by)) else { return nothing() };
        let before = self.circumstances(&id).await?;
        let path = format!("/v1/bookings/{id}/cancellation");
        let shown = self.request(Method::GET, &path, &person, None, &Value::Null).await?;
        let answer = self.post(&format!("/v1/bookings/{id}/cancel"), &person, None, &json!({})).await?;
        if answer.status == 200 {
            let after = self.circumstances(&id).await?;
            let back = after.back - before.back;
            if shown.status == 200 && before.others == after.others && shown.json()["refund"]["amount"] != back {
                return Err(format!("{back} goes back of {id}, and the preview said {}", shown.json()["refund"]));
            }
            self.promised.borrow_mut().ended.insert(id, "cancelled");
        }
        expected(&answer, &[200, 409, 503])
    }

    async fn circumstances(&self, id: &str) -> Result<Circumstances, String> {
        let id: BookingId = id.parse().map_err(|_| format!("{id} is no id"))?;
        let sql = "SELECT coalesce(sum(r.amount_minor) FILTER (WHERE r.reason = 'The booking was cancelled.'), 0)::bigint,
                       concat_ws(' ', sum(r.amount_minor) FILTER (WHERE r.reason <> 'The booking was cancelled.'),
                           (SELECT count(*) FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE p.booking_id = $1),
                           (SELECT jsonb_path_query_array(b.timeline, '$[*] ? (@.event != \"cancelled\")')
                            FROM bookings b WHERE b.id = $1))
                   FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.booking_id = $1";
        let rows = self.kit.database.rows(sql, &[&id.uuid()]).await;
        let row = rows.first().ok_or("no row of sums")?;
        Ok(Circumstances { back: row.get(0), others: row.get(1) })
    }

    async fn refund(&self, place: Place, number: usize, percent: i64) -> Went {
        let (Some(id), Some(host)) = (self.made(number).await?, self.side(number, Side::Host)) else {
            return nothing();
        };
        let path = format!("/v1/payments?booking_id={id}");
        let payments = self.request(Method::GET, &path, &host, None, &Value::Null).await?.json();
        let paid = payments["data"].as_array().and_then(|all| {
            all.iter().find(|payment| matches!(payment["status"].as_str(), Some("succeeded" | "partially_refunded")))
        });
        let Some(paid) = paid else { return nothing() };
        let whole = paid["amount"]["amount"].as_i64().unwrap_or(0);
        // Amounts of three decimals end in a zero at the provider.
        let amount = whole * percent / 1_000 * 10;
        let (key, reason) = (place.name("refund"), place.name("host's refund"));
        let body = json!({ "amount": { "amount": amount.max(10), "currency": paid["amount"]["currency"] },
                           "reason": reason });
        let path = format!("/v1/payments/{}/refunds", text(paid, "id"));
        let answer = self.post(&path, &host, Some(&key), &body).await?;
        if answer.status == 201 {
            self.promised.borrow_mut().refunds.push(reason);
        }
        expected(&answer, &[201, 409, 503])
    }

    async fn block(&self, listing: usize, (from, nights): (u32, u32), available: bool) -> Went {
        let days = json!({ "days": [{ "from": self.in_days(from), "to": self.in_days(from + nights),
                                      "available": available }] });
        let Listed { path, host } = self.listed(listing);
        expected(&self.request(Method::PUT, &path, host, None, &days).await?, &[200, 409, 503])
    }

    fn listed(&self, listing: usize) -> Listed<'_> {
        let listing = &self.listings[listing];
        Listed { path: format!("/v1/properties/{}/calendar", listing.id), host: &listing.host }
    }

    async fn review(&self, number: usize, by: Side) -> Went {
        let (Some(id), Some(person)) = (self.made(number).await?, self.side(number, by)) else { return nothing() };
        let body = json!({ "booking_id": id, "rating": 4, "public_text": "Fine." });
        let answer = self.post("/v1/reviews", &person, None, &body).await?;
        if answer.status == 201 {
            self.promised.borrow_mut().reviews.push(text(&answer.json(), "id"));
        }
        expected(&answer, &[201, 409, 503])
    }

    async fn pass(&self) -> Went {
        let report = self.kit.services.run_maintenance().await;
        if self.calm.get() && !report.failed_steps.is_empty() {
            return Err(format!("a pass failed though nothing went wrong: {report:?}"));
        }
        Ok(format!(
            "expired {}, asked about {}, completed {}, published {}",
            report.expired_holds, report.reconciled_payments, report.completed_stays, report.published_events
        ))
    }
}

struct Listed<'world> {
    path: String,
    host: &'world Person,
}

/// A text member, empty when it is not there.
pub(crate) fn text(json: &Value, member: &str) -> String {
    json[member].as_str().unwrap_or_default().to_owned()
}

fn shown(answer: &Answer) -> String {
    let json = answer.json();
    let said = json["code"].as_str().or(json["status"].as_str()).unwrap_or_default();
    format!("{} {said}", answer.status)
}

pub(crate) fn expected(answer: &Answer, statuses: &[u16]) -> Went {
    if statuses.contains(&answer.status) { Ok(shown(answer)) } else { Err(format!("answered {}", answer.json())) }
}
