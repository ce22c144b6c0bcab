//! One good request for every operation that takes a body: the tables that spoil requests start from these.
//!
//! Owns the bodies. Must fail, not guess, when it does not know an operation.

use anyhow::{Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Api, Draft, Operation, Property, Stay, User, unknown_id};

/// A guest, a host with a listed property and a draft, and a booking: what the sample requests speak of.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Books.
    pub guest: User,
    /// Verified, and part of nothing here.
    pub stranger: User,
    /// Listed.
    pub property: Property,
    /// Not listed, of the same host.
    pub draft: Property,
    /// The guest's booking of the listed property.
    pub booking_id: String,
    /// The thread of the guest and the listed property's host.
    pub thread_id: String,
    /// The guest's wishlist with the listed property.
    pub wishlist_id: String,
}

impl Samples {
    /// Makes all of them through the API.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn make(api: &Api) -> Result<Self> {
        let [guest, stranger, host] = <[User; 3]>::try_from(api.register_verified_users(3).await?)
            .map_err(|users| anyhow::anyhow!("{} users instead of 3", users.len()))?;
        let property = api.listed_property(&host, &Draft::default()).await?;
        let draft = api.draft_property(&host, &Draft::default()).await?;
        let booked = api.book(&guest, &Stay::in_days(200, 3)?.body(&property)).expect(201).await?;
        let asked = json!({ "property_id": property.id, "text": "Is there a cot?" });
        let thread = api.post("/v1/threads").by(&guest).json(&asked).expect(201).await?;
        let wishlist = api.post("/v1/wishlists").by(&guest).json(&json!({ "name": "Summer" })).expect(201).await?;
        let wishlist_id = wishlist.text_at("/id")?;
        let item = format!("/v1/wishlists/{wishlist_id}/items/{}", property.id);
        api.call(Method::PUT, &item).by(&guest).expect(200).await?;
        let (booking_id, thread_id) = (booked.text_at("/id")?, thread.text_at("/id")?);
        Ok(Self { booking_id, thread_id, wishlist_id, guest, stranger, property, draft })
    }

    /// The path of an operation with the ids of these samples in it.
    ///
    /// # Errors
    /// When the operation is not known here: add it.
    pub fn path(&self, operation: &Operation) -> Result<String> {
        // Nobody has stayed yet: there is nothing to review or to hear of.
        let (review_id, notification_id) = (unknown_id("rev"), unknown_id("notif"));
        let payout_id = unknown_id("pout");
        // Acts of admins are refused to everybody here; nobody's samples are to be suspended by another test's admin.
        let (unknown_user_id, unknown_property_id) = (unknown_id("user"), unknown_id("prop"));
        let (payment_id, session_id) = (unknown_id("pay"), unknown_id("sess"));
        let (identity_id, provider_id) = (unknown_id("ident"), "nobody".to_owned());
        let id = match operation.path.as_str() {
            path if path.starts_with("/v1/reviews/{") || path.starts_with("/v1/admin/reviews/{") => &review_id,
            path if path.starts_with("/v1/admin/users/{") => &unknown_user_id,
            path if path.starts_with("/v1/admin/properties/{") => &unknown_property_id,
            path if path.starts_with("/v1/notifications/{") => &notification_id,
            path if path.starts_with("/v1/payments/{") => &payment_id,
            path if path.starts_with("/v1/payouts/{") => &payout_id,
            path if path.starts_with("/v1/auth/sessions/{") => &session_id,
            path if path.starts_with("/v1/auth/identities/{") => &identity_id,
            // The stack has no provider: what is tried there finds nothing.
            path if path.starts_with("/v1/auth/oidc/{") => &provider_id,
            path if path.starts_with("/v1/bookings/{") => &self.booking_id,
            path if path.starts_with("/v1/threads/{") => &self.thread_id,
            path if path.starts_with("/v1/wishlists/{") => &self.wishlist_id,
            path if path.starts_with("/v1/properties/{") => &self.property.id,
            path if path.starts_with("/v1/users/{") => &self.guest.id,
            path if !path.contains('{') => return Ok(path.to_owned()),
            _ => bail!("no sample path for {}: add it to Samples::path", operation.name()),
        };
        let named = |part: &str| match part {
            "{id}" | "{provider}" => Some(id.clone()),
            "{property_id}" => Some(self.property.id.clone()),
            "{feed_id}" => Some(unknown_id("feed")),
            // None is known here: what is tried with it finds nothing.
            "{photo_id}" => Some(unknown_id("photo")),
            part if part.starts_with('{') => None,
            part => Some(part.to_owned()),
        };
        match operation.path.split('/').map(named).collect::<Option<Vec<String>>>() {
            Some(parts) => Ok(parts.join("/")),
            None => bail!("no sample path for {}: add it to Samples::path", operation.name()),
        }
    }

    /// A good body with every documented member that a client may send together.
    ///
    /// # Errors
    /// When the operation is not known here: add it.
    pub fn body(&self, operation: &Operation) -> Result<Value> {
        Ok(match operation.name().as_str() {
            "POST /v1/users" => json!({
                "email": format!("e2e-{}@example.com", uuid::Uuid::new_v4().simple()),
                "password": "correct horse battery staple 8", "first_name": "Grace", "last_name": "Hopper",
                "phone": "+351210000000", "locale": "en", "time_zone": "Europe/Lisbon", "currency": "EUR"
            }),
            "POST /v1/auth/login" => {
                json!({ "email": self.guest.email, "password": self.guest.password, "totp": "000000" })
            }
            "POST /v1/auth/refresh" | "POST /v1/auth/logout" => {
                json!({ "refresh_token": "none-of-ours" })
            }
            "POST /v1/auth/totp/confirm" | "DELETE /v1/auth/totp" => json!({ "code": "000000" }),
            "POST /v1/auth/oidc/{provider}/start" => json!({ "redirect_uri": "https://www.example.com/sign-in" }),
            "POST /v1/auth/oidc/{provider}/complete" => json!({
                "code": "none", "state": "none", "browser_secret": "none", "iss": "https://example.com", "totp": "000000"
            }),
            "POST /v1/auth/password/forgot" => json!({ "email": self.guest.email }),
            "POST /v1/auth/password/reset" => json!({ "token": "none-of-ours", "password": "another horse entirely" }),
            "PATCH /v1/users/me" => json!({
                "first_name": "Grace", "last_name": "Hopper", "phone": "+351210000000", "locale": "en",
                "time_zone": "Europe/Lisbon", "currency": "EUR", "bio": "I sail.", "languages": ["en", "pt"]
            }),
            "POST /v1/users/me/email" => {
                json!({ "email": "somebody.else@example.com", "password": self.guest.password })
            }
            "POST /v1/users/me/avatar" => json!({ "content_type": "image/jpeg", "bytes": 100_000 }),
            "POST /v1/auth/email/verify" => json!({ "token": "none-of-ours" }),
            "POST /v1/properties" => Draft::default().body().clone(),
            "PATCH /v1/properties/{id}" => {
                let mut body = Draft::default().body().clone();
                body["title"] = json!("Another title");
                body
            }
            "POST /v1/properties/{id}/photos" => json!({ "content_type": "image/jpeg", "bytes": 100_000 }),
            "PATCH /v1/properties/{id}/photos/{photo_id}" => json!({ "caption": "The kitchen", "position": 0 }),
            "POST /v1/bookings" => {
                let mut body = Stay::in_days(300, 3)?.body(&self.property);
                body["message"] = json!("We come by train.");
                body
            }
            "POST /v1/bookings/{id}/cancel" => json!({ "reason": "Plans changed." }),
            "POST /v1/bookings/{id}/change" => {
                let mut body = Stay::in_days(201, 3)?.body(&self.property);
                body.as_object_mut().map(|members| members.remove("property_id"));
                body
            }
            "POST /v1/bookings/{id}/messages" | "POST /v1/threads/{id}/messages" => {
                json!({ "text": "We come at six." })
            }
            "POST /v1/threads" => json!({ "property_id": self.property.id, "text": "May we bring a dog?" }),
            "POST /v1/payments" => json!({ "booking_id": self.booking_id }),
            "POST /v1/payout-account" => json!({ "country": "PT" }),
            "POST /v1/payments/{id}/refunds" => {
                json!({ "amount": { "amount": 100, "currency": "EUR" }, "reason": "The heating failed." })
            }
            "POST /v1/reviews" => json!({
                "booking_id": self.booking_id, "rating": 4, "categories": { "cleanliness": 5, "value": 3 },
                "public_text": "A quiet place.", "private_text": "The tap drips."
            }),
            "PATCH /v1/reviews/{id}" => json!({ "rating": 3, "public_text": "A place." }),
            "POST /v1/reviews/{id}/response" => json!({ "text": "Thank you." }),
            "POST /v1/reviews/{id}/report" => json!({ "reason": "An insult." }),
            "PUT /v1/properties/{id}/calendar" => json!({ "days": [{
                "from": "2031-05-01", "to": "2031-05-03", "available": true,
                "price": { "amount": 9900, "currency": "EUR" }, "min_nights": 2, "note": "A fair in town."
            }] }),
            "POST /v1/properties/{id}/feeds" => json!({ "url": "https://feeds.invalid/1.ics", "name": "Another site" }),
            "POST /v1/wishlists" => json!({ "name": "Winter", "visibility": "shared" }),
            "PATCH /v1/wishlists/{id}" => json!({ "name": "Autumn", "visibility": "private" }),
            name if name.starts_with("POST /v1/admin/") => json!({ "reason": "Reported by guests." }),
            "PUT /v1/notifications/preferences" => {
                json!({ "booking.cancelled": { "email": true, "in_app": false } })
            }
            name => bail!("no sample body for {name}: add it to Samples::body"),
        })
    }

    /// An id of the right kind for the path of an operation that names nothing.
    #[must_use]
    pub fn unknown_path(operation: &Operation) -> String {
        let path = operation.path.replace("/admin/", "/");
        let prefix = match path.split('/').nth(2) {
            Some("bookings") => "book",
            Some("properties") => "prop",
            Some("payments") => "pay",
            Some("payouts") => "pout",
            Some("reviews") => "rev",
            Some("threads") => "thread",
            Some("wishlists") => "wish",
            Some("notifications") => "notif",
            Some("auth") if path.contains("/identities/") => "ident",
            Some("auth") => "sess",
            _ => "user",
        };
        let id = unknown_id(prefix);
        let parts = operation.path.split('/').map(|part| if part.starts_with('{') { id.as_str() } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}
