//! People, and what they own.

use std::sync::OnceLock;

use domain::amenity::AmenitySet;
use domain::cancellation::CancellationPolicy;
use domain::geo::Point;
use domain::id::{AvatarId, PhotoId, PropertyId, SessionId, UserId};
use domain::money::Currency;
use domain::property::{Bathrooms, Percent, PropertyKind, RoomType};
use domain::stay::{Guests, StayRules};
use domain::time_zone::TimeZoneName;
use domain::user::{Email, Locale, Password, PersonName, Role};
use jiff::civil::{Date, time};
use jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone};
use services::Actor;
use services::properties::{Place, Property, PropertyDetails, draw_public_point};
use services::users::{Registration, User};

use crate::{Kit, PASSWORD};

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// As the use cases see the person.
    pub actor: Actor,
    /// An access token, good for 15 minutes.
    pub token: String,
}

impl Kit {
    /// Somebody who may list and book.
    pub async fn person(&self) -> Person {
        let person = self.unverified().await;
        self.database.execute("UPDATE users SET email_verified_at = now() WHERE id = $1", &[&person.id.uuid()]).await;
        person
    }

    /// Somebody with places to let; the same as a guest but for the reader.
    pub async fn host(&self) -> Person {
        self.person().await
    }

    /// Somebody who travels.
    pub async fn guest(&self) -> Person {
        self.person().await
    }

    /// Somebody who has not opened the link in the mail.
    pub async fn unverified(&self) -> Person {
        let registration = registration();
        let hash = self.password_hash().await;
        let user = self.services.db.run_tx("testkit.person", |tx| {
            let (registration, hash) = (registration.clone(), hash.clone());
            async move { insert(&tx, &registration, &hash).await }
        });
        self.known(&user.await.expect("a person is inserted").value)
    }

    /// Somebody who may do everything.
    pub async fn admin(&self) -> Person {
        let mut person = self.person().await;
        self.database.execute("UPDATE users SET role = 'admin' WHERE id = $1", &[&person.id.uuid()]).await;
        person.actor.role = Role::Admin;
        person.token = self.tokens.access_token(person.id, "admin");
        person
    }

    fn known(&self, user: &User) -> Person {
        let actor =
            Actor { user_id: user.id, role: user.role, session_id: SessionId::new(), issued_at: Timestamp::now() };
        let token = self.tokens.access_token(user.id, user.role.as_str());
        Person { id: user.id, email: user.email.as_str().to_owned(), actor, token }
    }

    /// Hashing is slow on purpose: once a process is enough.
    async fn password_hash(&self) -> String {
        static HASH: OnceLock<String> = OnceLock::new();
        if let Some(hash) = HASH.get() {
            return hash.clone();
        }
        let password = Password::parse(PASSWORD).expect("a good password");
        let hash = self.services.hash_password(&password).await.expect("a password can be hashed");
        HASH.get_or_init(|| hash).clone()
    }

    /// A draft of this host.
    pub async fn draft(&self, host: &Person, change: impl FnOnce(&mut PropertyDetails)) -> Property {
        let mut details = details();
        change(&mut details);
        let (actor, details) = (&host.actor, &details);
        let made = self
            .services
            .write("testkit.draft", |tx| async move { services::properties::create(&tx, actor, details).await });
        made.await.expect("a draft is made").property
    }

    /// A listed property of this host, as plain as can be but for what the test changes.
    pub async fn listing_of(&self, host: &Person, change: impl FnOnce(&mut PropertyDetails)) -> Property {
        let draft = self.draft(host, change).await;
        self.list(host, draft.id).await
    }

    /// A listed property of a host of its own.
    pub async fn listed_property(&self) -> Property {
        let host = self.host().await;
        self.listing_of(&host, |_| {}).await
    }

    /// A photo of a property as if it had been uploaded and checked; its variants are not there.
    pub async fn photo(&self, id: PropertyId) -> PhotoId {
        let photo_id = PhotoId::new();
        let sql =
            "INSERT INTO photos (id, property_id, status, sort_order, content_type, bytes, width, height, base_url)
                   SELECT $1, $2, 'ready', count(*)::int, 'image/jpeg', 1, 1600, 1200, 'https://photos.roost.test'
                   FROM photos WHERE property_id = $2";
        self.database.execute(sql, &[&photo_id.uuid(), &id.uuid()]).await;
        photo_id
    }

    /// A picture of a person as if it had been uploaded and checked; its sizes are not there.
    pub async fn avatar(&self, id: UserId) -> AvatarId {
        let avatar_id = AvatarId::new();
        let sql = "INSERT INTO avatars (id, user_id, status, content_type, bytes, base_url)
                   VALUES ($1, $2, 'ready', 'image/jpeg', 1, 'https://photos.roost.test')";
        self.database.execute(sql, &[&avatar_id.uuid(), &id.uuid()]).await;
        avatar_id
    }

    /// Publishes a property, with a photo.
    pub async fn list(&self, host: &Person, id: PropertyId) -> Property {
        let actor = &host.actor;
        self.photo(id).await;
        let listed = self
            .services
            .write("testkit.list", |tx| async move { services::properties::list(&tx, actor, id, None).await });
        listed.await.expect("the property can be listed").property
    }
}

async fn insert(tx: &services::Tx, person: &Registration, hash: &str) -> domain::error::Result<User> {
    store::users::insert(
        tx,
        &store::users::NewUser {
            id: UserId::new(),
            email: &person.email,
            password_hash: Some(hash),
            is_verified: false,
            first_name: &person.first_name,
            last_name: &person.last_name,
            phone: None,
            locale: &person.locale,
            time_zone: person.time_zone.as_ref(),
            currency: person.currency,
        },
    )
    .await
}

fn registration() -> Registration {
    let name = |name| PersonName::parse(name).expect("a name");
    Registration {
        email: Email::parse(&format!("{}@example.com", uuid::Uuid::now_v7().simple())).expect("an address"),
        password: Password::parse(PASSWORD).expect("a good password"),
        first_name: name("Ada"),
        last_name: name("Lovelace"),
        phone: None,
        locale: Locale::default(),
        time_zone: None,
        currency: Currency::USD,
    }
}

/// A flat in Paris for two at 100 dollars a night, without any rule that could be in the way.
pub fn details() -> PropertyDetails {
    let exact = Point::new(48.8566, 2.3522).expect("a point");
    let public = draw_public_point(exact);
    PropertyDetails {
        title: Some("A flat by the river".to_owned()),
        description: None,
        kind: PropertyKind::Apartment,
        room_type: RoomType::EntirePlace,
        place: Some(Place {
            lat_e6: exact.latitude.microdegrees(),
            lng_e6: exact.longitude.microdegrees(),
            public_lat_e6: public.latitude.microdegrees(),
            public_lng_e6: public.longitude.microdegrees(),
            street: Some("1 Quai du Louvre".to_owned()),
            city: Some("Paris".to_owned()),
            region: None,
            country: "FR".parse().expect("a country"),
            postal_code: Some("75001".to_owned()),
        }),
        bedrooms: 1,
        beds: 1,
        bathrooms: Bathrooms::ONE,
        amenities: AmenitySet::EMPTY,
        house_rules: None,
        check_out_time: time(11, 0, 0, 0),
        currency: Currency::USD,
        base_price_minor: Some(10_000),
        weekend_price_minor: None,
        weekly_discount_percent: Percent::ZERO,
        monthly_discount_percent: Percent::ZERO,
        cleaning_fee_minor: 0,
        extra_guest_fee: None,
        rules: StayRules {
            min_nights: 1,
            max_nights: 365,
            advance_notice_hours: 0,
            booking_window_days: 730,
            max_guests: 2,
            pets_allowed: false,
            check_in_time: time(15, 0, 0, 0),
            time_zone: TimeZoneName::parse("Europe/Paris").expect("a zone"),
            preparation_nights: 0,
        },
        instant_book: true,
        cancellation_policy: CancellationPolicy::Flexible,
    }
}

/// The date so many days from today, in UTC and by the wall clock.
pub fn in_days(days: i32) -> Date {
    let today = Zoned::now().with_time_zone(TimeZone::UTC).date();
    today.checked_add(days.days()).expect("not that far")
}

/// One adult and nobody else.
pub const fn one_adult() -> Guests {
    Guests { adults: 1, children: 0, infants: 0, pets: 0 }
}
