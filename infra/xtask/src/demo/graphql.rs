//! The journey once more, every step of it through `POST /graphql`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{ARRIVES_WITHIN, Journey, LOOK_AGAIN, PHOTO, Person, answered, credentials, day, money, text_of, upload};
use crate::clock;
use crate::paths::Paths;

impl Journey {
    pub(super) async fn play_by_graphql(&mut self, paths: &Paths) -> Result<()> {
        let host = self.person_by_graphql("Hilde").await?;
        let guest = self.person_by_graphql("Gil").await?;
        let property = self.listing_by_graphql(&host).await?;
        let dates = (day(3)?, day(6)?);
        self.find_by_graphql(&property, &dates).await?;
        let booking = self.book_by_graphql(&guest, &property, &dates).await?;
        let other = self.book_by_graphql(&guest, &property, &(day(20)?, day(22)?)).await?;
        self.cancel_by_graphql(&guest, &other).await?;
        clock::advance(paths, Duration::from_secs(7 * 86_400)).await?;
        self.until_by_graphql(&guest, &booking, "COMPLETED").await?;
        self.tell("a week later the stay is completed");
        self.review_by_graphql(&host, &guest, &booking, &property).await
    }

    async fn person_by_graphql(&mut self, first_name: &str) -> Result<Person> {
        let (email, password) = credentials(first_name)?;
        let input = json!({"email": email, "password": password, "firstName": first_name, "lastName": "Demo"});
        self.mutate(None, "register", "RegisterInput", "user { id }", input).await?;
        let token = self.verification_token(&email).await?;
        self.mutate(None, "verifyEmail", "VerifyEmailInput", "ok", json!({"token": token})).await?;
        let input = json!({"email": email, "password": password});
        let session = self.mutate(None, "login", "LoginInput", "accessToken", input).await?;
        self.tell(&format!("{first_name} registers, opens the link in the mail and signs in"));
        Ok(Person { email, token: text_of(&session, "accessToken")? })
    }

    async fn listing_by_graphql(&mut self, host: &Person) -> Result<String> {
        let input = json!({
            "title": "Boathouse on the fjord", "kind": "HOUSE", "instantBook": true, "maxGuests": 4,
            "location": {"latitude": 61.2, "longitude": 6.0, "city": "Sogndal", "country": "NO"},
            "basePrice": {"amount": 90_000, "currency": "NOK"},
        });
        let made = self.mutate(Some(host), "createProperty", "CreatePropertyInput", "property { id }", input).await?;
        let id = text_of(&made["property"], "id")?;
        let input = json!({"propertyId": id, "contentType": "image/png", "bytes": PHOTO.len()});
        let photo = self.mutate(Some(host), "addPhoto", "AddPhotoInput", "upload { url }", input).await?;
        upload(&self.http, &photo["upload"]["url"]).await?;
        let input = json!({"propertyId": id});
        self.mutate(Some(host), "listProperty", "PropertyActInput", "property { status }", input).await?;
        self.tell(&format!("the host drafts {id}, uploads a photo and lists it"));
        Ok(id)
    }

    async fn find_by_graphql(&mut self, property: &str, (check_in, check_out): &(String, String)) -> Result<()> {
        let query = "query ($filter: PropertyFilter, $property: ID!, $checkIn: Date!, $checkOut: Date!) {
            properties(filter: $filter, first: 100) { nodes { id host { firstName } } }
            quote(propertyId: $property, checkIn: $checkIn, checkOut: $checkOut, guests: 2) {
                bookable price { total { amount currency } } } }";
        let filter = json!({
            "boundingBox": {"west": 5.9, "south": 61.1, "east": 6.1, "north": 61.3},
            "checkIn": check_in, "checkOut": check_out, "guests": 2,
        });
        let variables = json!({"filter": filter, "property": property, "checkIn": check_in, "checkOut": check_out});
        let found = self.ask(None, query, variables).await?;
        let hits = found["properties"]["nodes"].as_array().context("a connection has nodes")?;
        if !hits.iter().any(|hit| hit["id"] == property) {
            bail!("the search did not find {property} among {} hits", hits.len());
        }
        let total = &found["quote"]["price"]["total"];
        self.tell(&format!("a search of the map finds it; the quote is {}", money(total)));
        Ok(())
    }

    /// Books and pays; gives the booking when the webhook has confirmed it.
    async fn book_by_graphql(&mut self, guest: &Person, property: &str, dates: &(String, String)) -> Result<String> {
        let input = json!({
            "propertyId": property, "checkIn": dates.0, "checkOut": dates.1, "guests": {"adults": 2},
            "idempotencyKey": self.new_key(),
        });
        let made = self.mutate(Some(guest), "createBooking", "CreateBookingInput", "booking { id }", input).await?;
        let id = text_of(&made["booking"], "id")?;
        let input = json!({"bookingId": id, "idempotencyKey": self.new_key()});
        let wanted = "payment { clientSecret }";
        let paid = self.mutate(Some(guest), "createPayment", "CreatePaymentInput", wanted, input).await?;
        self.confirm_with_card(&text_of(&paid["payment"], "clientSecret")?).await?;
        self.until_by_graphql(guest, &id, "CONFIRMED").await?;
        self.tell(&format!("the guest books and pays {id}; the webhook confirms it"));
        Ok(id)
    }

    async fn cancel_by_graphql(&mut self, guest: &Person, booking: &str) -> Result<()> {
        let query = "query ($id: ID!) { booking(id: $id) { cancellation { refund { amount currency } } } }";
        let preview = self.ask(Some(guest), query, json!({"id": booking})).await?;
        let input = json!({"bookingId": booking, "reason": "Plans changed"});
        self.mutate(Some(guest), "cancelBooking", "CancelBookingInput", "booking { status }", input).await?;
        self.until_by_graphql(guest, booking, "CANCELLED").await?;
        let refund = &preview["booking"]["cancellation"]["refund"];
        self.tell(&format!("a second booking is cancelled; {} go back", money(refund)));
        Ok(())
    }

    async fn review_by_graphql(&mut self, host: &Person, guest: &Person, booking: &str, property: &str) -> Result<()> {
        for person in [guest, host] {
            let input = json!({"bookingId": booking, "rating": 5, "publicText": "Again any time."});
            self.mutate(Some(person), "createReview", "CreateReviewInput", "review { id }", input).await?;
        }
        let query = "query ($id: ID!) { reviews(propertyId: $id) { nodes { publicText } } }";
        let reviews = self.ask(None, query, json!({"id": property})).await?;
        if reviews["reviews"]["nodes"][0]["publicText"] != "Again any time." {
            bail!("the review is not published: {reviews}");
        }
        self.tell("both sides review, and so both can be read");
        Ok(())
    }

    async fn until_by_graphql(&self, person: &Person, booking: &str, status: &str) -> Result<()> {
        let since = Instant::now();
        loop {
            let query = "query ($id: ID!) { booking(id: $id) { status } }";
            let found = self.ask(Some(person), query, json!({"id": booking})).await?;
            if found["booking"]["status"] == status {
                return Ok(());
            }
            if since.elapsed() > ARRIVES_WITHIN {
                bail!("{booking} is {}, not {status}, after {ARRIVES_WITHIN:?}", found["booking"]["status"]);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn mutate(
        &self,
        person: Option<&Person>,
        name: &str,
        input: &str,
        wanted: &str,
        value: Value,
    ) -> Result<Value> {
        let query = format!("mutation ($input: {input}!) {{ {name}(input: $input) {{ {wanted} }} }}");
        let mut data = self.ask(person, &query, json!({"input": value})).await?;
        Ok(data[name].take())
    }

    async fn ask(&self, person: Option<&Person>, query: &str, variables: Value) -> Result<Value> {
        let url = format!("{}/graphql", self.description.api());
        let mut request = self.http.post(url).json(&json!({"query": query, "variables": variables}));
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        let mut answer = answered("/graphql", request).await?;
        if !answer["errors"].is_null() {
            bail!("{query} answered {}", answer["errors"]);
        }
        Ok(answer["data"].take())
    }
}
