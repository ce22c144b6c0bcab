//! `GET /v1/bookings/{id}/receipt` and `/calendar.ics`: what a guest keeps of a stay.

use axum::http::Method;
use domain::id::BookingId;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person, StripeAccount};

use crate::{api, book, stay};

/// A guest with a stay at a host's place, and the means to pay for it.
struct Scene {
    kit: Kit,
    stripe: StripeAccount,
    api: Api,
    host: Person,
    guest: Person,
    path: String,
}

impl Scene {
    async fn set() -> Self {
        let (kit, stripe) = Kit::with_stripe().await;
        let (host, guest) = (kit.host().await, kit.guest().await);
        let title = "<b>Zoë's</b> \"Loft\"; дом".to_owned();
        let property = kit
            .listing_of(&host, |details| {
                details.title = Some(title);
                details.cleaning_fee_minor = 123_456;
            })
            .await;
        let api = api(&kit);
        let booking = book(&api, &guest, &stay(property.id, (40, 42))).await.of_status(201);
        let path = format!("/v1/bookings/{}", booking["id"].as_str().expect("an id"));
        Self { kit, stripe, api, host, guest, path }
    }

    async fn pay(&self) -> Value {
        let payments = self.kit.api(payments::routes());
        let body = json!({ "booking_id": self.path.rsplit('/').next() });
        let payment = payments.post_keyed("/v1/payments", Some(&self.guest.token), "pay", &body).await.of_status(201);
        let secret = payment["client_secret"].as_str().expect("a secret");
        assert_eq!(self.stripe.pay(secret, "pm_card_visa").await.0, 200);
        self.hear().await;
        payment
    }

    async fn hear(&self) {
        for event in self.stripe.events().await {
            self.kit.services.apply_stripe_event(&event).await.expect("applied");
        }
    }

    async fn cancel(&self) {
        self.api.post(&format!("{}/cancel", self.path), Some(&self.guest.token), &json!({})).await.of_status(200);
        self.hear().await;
    }

    async fn receipt(&self, person: &Person, accept: &str) -> Answer {
        let authorization = format!("Bearer {}", person.token);
        let headers = [("authorization", authorization.as_str()), ("accept", accept)];
        self.api.send(Method::GET, &format!("{}/receipt", self.path), &headers, String::new()).await
    }

    async fn html(&self) -> String {
        let answer = self.receipt(&self.guest, "text/html").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
        String::from_utf8(answer.body).expect("text")
    }

    async fn calendar(&self, person: &Person) -> Answer {
        self.api.get(&format!("{}/calendar.ics", self.path), Some(&person.token)).await
    }

    async fn ics(&self) -> String {
        let answer = self.calendar(&self.guest).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
        String::from_utf8(answer.body).expect("text").replace("\r\n ", "")
    }
}

#[tokio::test]
async fn a_receipt_says_what_was_paid_what_went_back_and_what_is_kept() {
    let scene = Scene::set().await;
    scene.receipt(&scene.guest, "text/html").await.problem(409, "not_paid");
    scene.kit.database.execute("UPDATE users SET locale = 'de' WHERE id = $1", &[&scene.guest.id.uuid()]).await;
    let payment = scene.pay().await;
    let html = scene.html().await;
    // 2 nights of 100.00, cleaning 1,234.56, and 14.2 % for the platform.
    for part in ["Ada Lovelace", "2 nights", "200,00 USD", "1.234,56 USD", "203,71 USD", "1.638,27 USD", "(confirmed)"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(html.contains("1 Quai du Louvre, 75001 Paris, FR"), "{html}");
    assert!(!html.contains("<b>") && html.contains("Zoë") && html.contains("дом"), "{html}");
    assert!(!html.contains("Refund,"), "{html}");
    let refunds = format!("/v1/payments/{}/refunds", payment["id"].as_str().expect("an id"));
    let refund = json!({ "amount": { "amount": 10_000, "currency": "USD" }, "reason": "<i>No heating</i>" });
    let payments = scene.kit.api(payments::routes());
    payments.post_keyed(&refunds, Some(&scene.host.token), "refund", &refund).await.of_status(201);
    scene.hear().await;
    let html = scene.html().await;
    for part in ["-100,00 USD", "1.538,27 USD", "&lt;i&gt;No heating"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    scene.cancel().await;
    let html = scene.html().await;
    assert!(html.contains("(cancelled)") && html.contains("0,00 USD"), "{html}");
    assert!(!html.contains("1 Quai du Louvre"), "the street is for who comes: {html}");
}

#[tokio::test]
async fn a_receipt_is_html_or_pdf_and_nothing_else() {
    let scene = Scene::set().await;
    scene.pay().await;
    let pdf = scene.receipt(&scene.guest, "application/pdf").await;
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"));
    assert!(pdf.header("vary").contains("Accept"), "{}", pdf.header("vary"));
    assert!(pdf.body.starts_with(b"%PDF-"));
    assert_eq!(scene.receipt(&scene.guest, "application/pdf").await.body, pdf.body);
    assert_eq!(scene.receipt(&scene.guest, "*/*").await.header("content-type"), "text/html; charset=utf-8");
    for other in ["application/json", "image/png, text/plain;q=0.5"] {
        scene.receipt(&scene.guest, other).await.problem(406, "not_acceptable");
    }
}

#[tokio::test]
async fn what_is_the_guests_is_nobody_elses() {
    let scene = Scene::set().await;
    scene.pay().await;
    let stranger = scene.kit.person().await;
    scene.receipt(&scene.host, "*/*").await.problem(403, "forbidden");
    scene.calendar(&scene.host).await.problem(403, "forbidden");
    scene.receipt(&stranger, "*/*").await.problem(404, "not_found");
    scene.calendar(&stranger).await.problem(404, "not_found");
    for what in ["receipt", "calendar.ics"] {
        scene.api.get(&format!("{}/{what}", scene.path), None).await.problem(401, "unauthenticated");
        let unknown = format!("/v1/bookings/{}/{what}", BookingId::new());
        scene.api.get(&unknown, Some(&scene.guest.token)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_stays_calendar_follows_it_from_hold_to_end() {
    let scene = Scene::set().await;
    let held = scene.ics().await;
    let uid = format!("UID:{}@api.roost.test\r\n", scene.path.rsplit('/').next().expect("an id"));
    for part in
        [uid.as_str(), "STATUS:TENTATIVE\r\n", "SEQUENCE:0\r\n", "LOCATION:Paris\\, FR\r\n", "TZID=Europe/Paris:"]
    {
        assert!(held.contains(part), "{part}: {held}");
    }
    assert!(held.contains("SUMMARY:<b>Zoë's</b> \"Loft\"\\; дом\r\n"), "{held}");
    scene.pay().await;
    let confirmed = scene.ics().await;
    let address = "LOCATION:1 Quai du Louvre\\, 75001 Paris\\, FR\r\n";
    for part in [uid.as_str(), "STATUS:CONFIRMED\r\n", "SEQUENCE:1\r\n", address, "T150000\r\n", "T110000\r\n"] {
        assert!(confirmed.contains(part), "{part}: {confirmed}");
    }
    scene.cancel().await;
    let cancelled = scene.ics().await;
    for part in [uid.as_str(), "STATUS:CANCELLED\r\n", "SEQUENCE:2\r\n", "LOCATION:Paris\\, FR\r\n"] {
        assert!(cancelled.contains(part), "{part}: {cancelled}");
    }
}
