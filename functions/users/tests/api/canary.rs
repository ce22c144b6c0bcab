//! A person all of whose words are one word, so that it is found wherever it is kept.

use domain::event::EventKind;
use domain::id::{AvatarId, NotificationId, PhotoId, PropertyId, UserId};
use jiff::Timestamp;
use serde_json::{Value, json};
use services::ports::Notification;
use testkit::{Api, Kit, PASSWORD, Person, in_days};

use crate::sign_in;

/// The person, and what is theirs.
pub(crate) struct Canary {
    /// The word.
    pub(crate) word: String,
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) property: PropertyId,
    pub(crate) photo: PhotoId,
    pub(crate) avatar: AvatarId,
    /// The other side of everything.
    pub(crate) other: Person,
}

/// The person with something of everything, and nothing open.
pub(crate) async fn canary(kit: &Kit, api: &Api) -> Canary {
    let word = format!("canary{}", uuid::Uuid::new_v4().simple());
    let email = format!("{word}@example.com");
    let registration = json!({
        "email": email, "password": PASSWORD, "first_name": word, "last_name": word, "phone": "+491510000001",
    });
    let made = api.post_keyed("/v1/users", None, &word, &registration).await.of_status(201);
    let id: UserId = made["id"].as_str().expect("an id").parse().expect("of a user");
    for event in kit.events.taken().iter().filter(|event| event.kind == EventKind::UserRegistered) {
        kit.services.notify(event).await.expect("a link is mailed");
    }
    kit.database.execute("UPDATE users SET email_verified_at = now() WHERE id = $1", &[&id.uuid()]).await;
    let pair = sign_in(api, &email).await;
    let token = pair["access_token"].as_str().expect("a token").to_owned();
    let profile = json!({ "bio": word, "languages": ["eo"] });
    api.call(axum::http::Method::PATCH, "/v1/users/me", Some(&token), &profile).await.of_status(200);
    let wishlist = json!({ "name": word });
    api.post_keyed("/v1/wishlists", Some(&token), &word, &wishlist).await.of_status(201);

    let person = Person {
        id,
        email: email.clone(),
        actor: services::Actor {
            user_id: id,
            role: domain::user::Role::User,
            session_id: domain::id::SessionId::new(),
            issued_at: jiff::Timestamp::now(),
        },
        token: token.clone(),
    };
    let property = kit
        .listing_of(&person, |details| {
            details.title = Some(word.clone());
            details.description = Some(word.clone());
            details.house_rules = Some(word.clone());
            let place = details.place.as_mut().expect("a place");
            (place.street, place.postal_code) = (Some(word.clone()), Some(word.clone()));
        })
        .await
        .id;
    let other = kit.person().await;
    let photo: uuid::Uuid =
        kit.database.value("SELECT id FROM photos WHERE property_id = $1", &[&property.uuid()]).await;
    let photo = PhotoId::from_uuid(photo);
    kit.services.photos.put_variant(photo.into(), 480, word.clone().into_bytes()).await.expect("S3 takes it");
    let avatar = kit.avatar(id).await;
    kit.services.photos.put_variant(avatar.into(), 400, word.clone().into_bytes()).await.expect("S3 takes it");
    stays(kit, api, &word, &person, property, &other).await;
    rest(kit, &word, id, property, &other).await;
    let refresh_token = pair["refresh_token"].as_str().expect("a token").to_owned();
    Canary { word, id, email, token, refresh_token, property, photo, avatar, other }
}

/// A stay of each at the other's, over and paid, with words, reviews and money.
async fn stays(kit: &Kit, api: &Api, word: &str, person: &Person, property: PropertyId, other: &Person) {
    let elsewhere = kit.listing_of(other, |_| {}).await.id;
    for (guest, place, message) in [(person, elsewhere, word), (other, property, "Words of the other.")] {
        let body = json!({
            "property_id": place, "check_in": in_days(10), "check_out": in_days(12), "guests": { "adults": 1 },
            "message": message,
        });
        api.post_keyed("/v1/bookings", Some(&guest.token), &place.to_string(), &body).await.of_status(201);
    }
    kit.database.execute("UPDATE bookings SET status = 'completed', hold_expires_at = NULL", &[]).await;
    kit.database.batch(&format!(
        "INSERT INTO payments (id, booking_id, payer_id, status, manual_capture, amount_minor, currency, captured_minor,
             fee_minor, fee_currency)
             SELECT uuid_v7(), id, guest_id, 'succeeded', false, 100, 'USD', 100, 0, 'USD' FROM bookings;
         INSERT INTO refunds (id, payment_id, amount_minor, currency, reason, status)
             SELECT uuid_v7(), id, 1, 'USD', '{word}', 'succeeded' FROM payments;
         INSERT INTO disputes (id, payment_id, amount_minor, currency, status, reason, withdrawn_minor, fee_minor,
             account_currency) SELECT 'dp_' || id, id, 1, 'USD', 'lost', 'fraudulent', 1, 1, 'USD' FROM payments;
         INSERT INTO payouts (id, host_id, booking_id, instalment, status, currency, amount_minor, due_at, account_id,
             transfer_id) SELECT uuid_v7(), host_id, id, 1, 'sent', 'USD', 1, now(),
                 CASE host_id WHEN '{person}' THEN '{word}' END, 'tr_' || id FROM bookings;
         INSERT INTO payout_accounts (user_id, country, account_id)
             SELECT host_id, 'FR', '{word}' || host_id FROM bookings WHERE host_id = '{person}';
         INSERT INTO booking_changes (id, booking_id, property_id, proposed_by, status, check_in, check_out, held_until,
             adults, children, infants, pets, price, difference_minor)
             SELECT uuid_v7(), id, property_id, 'guest', 'declined', check_in, check_out, held_until, 1, 0, 0, 0, price, 0
             FROM bookings;
         INSERT INTO reviews (id, booking_id, property_id, author_role, author_id, subject_id, rating, public_text,
             private_text, closes_at, published_at)
             SELECT uuid_v7(), id, property_id, 'guest', guest_id, host_id, 4,
                 CASE guest_id WHEN '{person}' THEN '{word}' ELSE 'Theirs.' END,
                 CASE guest_id WHEN '{person}' THEN '{word}' END, now(), now() FROM bookings;
         UPDATE reviews SET response = '{word}', responded_at = now() WHERE subject_id = '{person}';
         INSERT INTO review_reports (review_id, reporter_id, reason)
             SELECT id, '{person}', '{word}' FROM reviews WHERE subject_id = '{person}'",
        person = person.id.uuid()
    ))
    .await;
}

async fn rest(kit: &Kit, word: &str, id: UserId, property: PropertyId, other: &Person) {
    let (user, place) = (id.uuid(), property.uuid());
    kit.database
        .batch(&format!(
            "UPDATE photos SET caption = '{word}' WHERE property_id = '{place}';
             UPDATE properties SET calendar_token = '{word}', public_offset_bearing_radians = 1, public_offset_metres = 200
                 WHERE id = '{place}';
             INSERT INTO calendar_days (property_id, night, blocked, note) VALUES ('{place}', '2031-01-01', true, '{word}');
             INSERT INTO calendar_feeds (id, property_id, name, url, last_error, etag)
                 VALUES (uuid_v7(), '{place}', '{word}', 'https://{word}.example/1.ics', '{word}', '{word}');
             INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out, summary)
                 SELECT id, '{word}', property_id, '2031-02-01', '2031-02-03', '{word}' FROM calendar_feeds;
             INSERT INTO notification_preferences (user_id, kind, email, in_app)
                 VALUES ('{user}', 'booking.cancelled', true, false);
             INSERT INTO email_changes (id, user_id, old_email, old_email_verified, new_email)
                 VALUES (uuid_v7(), '{user}', '{word}@example.com', true, '{word}@example.org');
             INSERT INTO identities (id, user_id, issuer, subject, email)
                 VALUES (uuid_v7(), '{user}', 'https://issuer.example', '{word}', '{word}@example.com');
             INSERT INTO audit_log (id, actor_id, action, subject_kind, subject_id, reason)
                 VALUES (uuid_v7(), '{admin}', 'user.restore', 'user', '{user}', 'A mistake.')",
            admin = other.id.uuid()
        ))
        .await;
    let entry = Notification {
        id: NotificationId::new(),
        user_id: id,
        kind: EventKind::BookingCancelled,
        data: json!({ "said": word }),
        created_at: Timestamp::now(),
        read_at: None,
        expires_at: Timestamp::now() + jiff::SignedDuration::from_hours(24),
    };
    kit.services.notifications.put(&entry).await.expect("the inbox takes it");
}

/// What an act that must not be is refused with.
pub(crate) fn open(problem: &Value) -> [i64; 3] {
    ["bookings", "payments", "payouts"].map(|what| problem["open"][what].as_i64().unwrap_or(-1))
}
