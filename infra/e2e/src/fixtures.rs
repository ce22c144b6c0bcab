//! What a test starts from: users, listed properties, stays. Each is its own, so that tests do not disturb one another.
//!
//! Owns making them through the API, as a client would. Must not reach into a database.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, Api, Watch};

/// Time zone of every property here.
const TIME_ZONE: &str = "Europe/Lisbon";
const PASSWORD: &str = "correct horse battery staple 7";
/// Half a side of the box that searches for one property: twice the 400 m by which its point may be moved.
const BOX_HALF_DEGREES: f64 = 0.02;

/// A random number below `end`.
#[must_use]
pub fn random_below(end: u32) -> u32 {
    // The lowest 32 bits of a version 4 UUID are random, none of them fixed.
    let random = Uuid::new_v4().as_u128() & u128::from(u32::MAX);
    u32::try_from(random % u128::from(end.max(1))).unwrap_or_default()
}

/// A new idempotency key.
#[must_use]
pub fn new_key() -> String {
    Uuid::new_v4().to_string()
}

/// A well-formed TypeID with this prefix that names nothing.
#[must_use]
pub fn unknown_id(prefix: &str) -> String {
    const ALPHABET: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n',
        'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
    ];
    let value = Uuid::now_v7().as_u128();
    let digit = |place: u32| ALPHABET[usize::try_from((value >> (place * 5)) & 31).unwrap_or_default()];
    format!("{prefix}_{}", (0..26).rev().map(digit).collect::<String>())
}

/// A registered user who is signed in.
#[derive(Clone, Debug)]
pub struct User {
    /// TypeID.
    pub id: String,
    /// Address, unique to this user.
    pub email: String,
    /// Password in the clear.
    pub password: String,
    /// Access token of 15 minutes.
    pub access_token: String,
    /// Refresh token, not yet spent.
    pub refresh_token: String,
}

/// A property to be created: a sensible body that a test changes where it matters.
#[derive(Clone, Debug)]
pub struct Draft {
    body: Value,
}

impl Default for Draft {
    fn default() -> Self {
        let latitude = -55.0 + f64::from(random_below(110_000_000)) / 1e6;
        let longitude = -170.0 + f64::from(random_below(340_000_000)) / 1e6;
        Self {
            body: json!({
                "title": "Rooms over the bakery",
                "description": "Two quiet rooms, warm before everybody else's.",
                "kind": "apartment",
                "room_type": "entire_place",
                "location": {
                    "latitude": latitude, "longitude": longitude,
                    "street": "Rua do Forno 7", "city": "Lisboa", "country": "PT", "postal_code": "1100-250"
                },
                "time_zone": TIME_ZONE,
                "max_guests": 4, "bedrooms": 2, "beds": 2, "bathrooms": 1,
                "amenities": ["wifi", "kitchen"],
                "house_rules": "No shoes.",
                "check_in_time": "15:00", "check_out_time": "11:00",
                "currency": "EUR",
                "base_price": { "amount": 10_000, "currency": "EUR" },
                "weekend_price": { "amount": 12_050, "currency": "EUR" },
                "weekly_discount_percent": 10, "monthly_discount_percent": 20,
                "cleaning_fee": { "amount": 3_333, "currency": "EUR" },
                "extra_guest_fee": { "after": 2, "per_night": { "amount": 777, "currency": "EUR" } },
                "min_nights": 1, "max_nights": 60, "advance_notice_hours": 0, "preparation_nights": 0,
                "booking_window_days": 700,
                "instant_book": true, "pets_allowed": false,
                "cancellation_policy": "moderate"
            }),
        }
    }
}

impl Draft {
    /// With another value of a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.body[field] = value;
        self
    }

    /// At this place, in degrees.
    #[must_use]
    pub fn at(mut self, latitude: f64, longitude: f64) -> Self {
        self.body["location"]["latitude"] = json!(latitude);
        self.body["location"]["longitude"] = json!(longitude);
        self
    }

    /// At this price a night on every night, in minor units of its currency.
    #[must_use]
    pub fn priced(mut self, minor: i64) -> Self {
        self.body["base_price"]["amount"] = json!(minor);
        self.without("weekend_price")
    }

    /// Without a field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.remove(field);
        }
        self
    }

    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }
}

/// Longest the worker may take for a photo: what failed once comes again after the queue's 180 s.
const PHOTO_READY_WITHIN: Duration = Duration::from_secs(200);

/// A photo of 640 by 400 pixels.
pub const PHOTO: &[u8] = include_bytes!("../../assets/photo.png");

/// A created property.
#[derive(Clone, Debug)]
pub struct Property {
    /// TypeID.
    pub id: String,
    /// Its host, signed in.
    pub host: User,
    /// Exact latitude, degrees.
    pub latitude: f64,
    /// Exact longitude, degrees.
    pub longitude: f64,
}

impl Property {
    /// A box around it in which nothing else lies: `west,south,east,north`.
    #[must_use]
    pub fn bbox(&self) -> String {
        let half = BOX_HALF_DEGREES;
        // A degree of longitude is shorter away from the equator.
        let wide = half / self.latitude.to_radians().cos();
        format!(
            "{:.6},{:.6},{:.6},{:.6}",
            self.longitude - wide,
            self.latitude - half,
            self.longitude + wide,
            self.latitude + half
        )
    }

    /// Path of the property.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/v1/properties/{}", self.id)
    }
}

/// A stay, half-open in nights.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// Day of arrival in the property's zone.
    pub check_in: Date,
    /// Day of departure.
    pub check_out: Date,
}

impl Stay {
    /// A stay of `nights` that begins in `days`, by the property's calendar.
    ///
    /// # Errors
    /// When the dates leave the calendar.
    pub fn in_days(days: i32, nights: i32) -> Result<Self> {
        let today = jiff::Timestamp::now().in_tz(TIME_ZONE)?.date();
        Ok(Self { check_in: today.checked_add(days.days())?, check_out: today.checked_add((days + nights).days())? })
    }

    /// Dates as query parameters: `check_in=…&check_out=…`.
    #[must_use]
    pub fn query(&self) -> String {
        format!("check_in={}&check_out={}", self.check_in, self.check_out)
    }

    /// The body that books this stay for one adult.
    #[must_use]
    pub fn body(&self, property: &Property) -> Value {
        json!({
            "property_id": property.id,
            "check_in": self.check_in.to_string(),
            "check_out": self.check_out.to_string(),
            "guests": { "adults": 1, "children": 0, "infants": 0, "pets": 0 }
        })
    }
}

impl Api {
    /// Registers a user with an address of its own and signs in; the address is not verified.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn register_user(&self) -> Result<User> {
        let email = format!("e2e-{}@example.com", Uuid::new_v4().simple());
        let body = json!({ "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace" });
        let made = self.post("/v1/users").key(&new_key()).json(&body).expect(201).await?;
        let user = self.login(&email, PASSWORD).await?;
        ensure!(made.text_at("/id")? == user.id, "the login is another user's than {made}");
        Ok(user)
    }

    /// Registers a user, reads the mail that verifies the address, verifies it, and signs in.
    ///
    /// # Errors
    /// When the API refuses or the mail does not come.
    pub async fn register_verified_user(&self) -> Result<User> {
        let user = self.register_user().await?;
        let mails = self.mailbox().wait_for(&user.email, 1, |mail| mail.token().is_some()).await?;
        let token = mails.first().and_then(crate::Mail::token).context("the mail has no token")?;
        self.post("/v1/auth/email/verify").json(&json!({ "token": token })).expect(204).await?;
        Ok(user)
    }

    /// `count` verified users, made side by side.
    ///
    /// # Errors
    /// As [`Api::register_verified_user`].
    pub async fn register_verified_users(&self, count: usize) -> Result<Vec<User>> {
        futures::future::try_join_all((0..count).map(|_| self.register_verified_user())).await
    }

    /// A host and a guest, both verified.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn two_users(&self) -> Result<[User; 2]> {
        Ok(futures::future::try_join(self.register_verified_user(), self.register_verified_user()).await?.into())
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn login(&self, email: &str, password: &str) -> Result<User> {
        let body = json!({ "email": email, "password": password });
        let answer = self.post("/v1/auth/login").json(&body).expect(200).await?;
        Ok(User {
            id: answer.text_at("/user/id")?,
            email: email.to_owned(),
            password: password.to_owned(),
            access_token: answer.text_at("/access_token")?,
            refresh_token: answer.text_at("/refresh_token")?,
        })
    }

    /// Creates a property and leaves it a draft.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn draft_property(&self, host: &User, draft: &Draft) -> Result<Property> {
        let made = self.post("/v1/properties").by(host).key(&new_key()).json(draft.body()).expect(201).await?;
        let degrees = |name: &str| draft.body()["location"][name].as_f64().context("a draft without a place");
        Ok(Property {
            id: made.text_at("/id")?,
            host: host.clone(),
            latitude: degrees("latitude")?,
            longitude: degrees("longitude")?,
        })
    }

    /// Adds a photo to a property and uploads it, as a browser would; gives its id.
    ///
    /// # Errors
    /// When the API or the storage refuses.
    pub async fn upload_photo(&self, host: &User, path: &str) -> Result<String> {
        let body = json!({ "content_type": "image/png", "bytes": PHOTO.len() });
        let made = self.post(&format!("{path}/photos")).by(host).key(&new_key()).json(&body).expect(201).await?;
        self.upload(&made, "image/png", PHOTO.to_vec()).await?;
        made.text_at("/photo/id")
    }

    /// Sends a file to where the answer says.
    ///
    /// # Errors
    /// When the storage refuses.
    pub async fn upload(&self, made: &crate::Answer, content_type: &str, file: Vec<u8>) -> Result<()> {
        let request = self.http().put(made.text_at("/upload/url")?).header("content-type", content_type);
        request.body(file).send().await?.error_for_status()?;
        Ok(())
    }

    /// The first photo of a property, once it is no longer pending.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn settled_photo(&self, host: &User, path: &str) -> Result<Value> {
        self.no_longer_pending(host, path, "/photos/0/status").await?.at("/photos/0")
    }

    /// The account of a person, once no picture of theirs waits any more.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn settled_avatar(&self, user: &User) -> Result<Value> {
        self.no_longer_pending(user, "/v1/users/me", "/avatar_upload/status").await?.json()
    }

    async fn no_longer_pending(&self, user: &User, path: &str, pointer: &str) -> Result<Answer> {
        let since = Watch::start();
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            let seen = self.get(path).by(user).expect(200).await?;
            if seen.json()?.pointer(pointer).is_none_or(|status| status != "pending") {
                return Ok(seen);
            }
            ensure!(since.elapsed() < PHOTO_READY_WITHIN, "still pending: {seen}");
        }
    }

    /// Creates a property, with a photo, and lists it; by then the photo is ready, so that nothing changes by itself.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn listed_property(&self, host: &User, draft: &Draft) -> Result<Property> {
        let property = self.draft_property(host, draft).await?;
        self.upload_photo(host, &property.path()).await?;
        self.post(&format!("{}/list", property.path())).by(host).expect(200).await?;
        self.settled_photo(host, &property.path()).await?;
        Ok(property)
    }

    /// A call that books, with a new idempotency key.
    pub fn book(&self, guest: &User, body: &Value) -> crate::Call<'_> {
        self.post("/v1/bookings").by(guest).key(&new_key()).json(body)
    }
}
