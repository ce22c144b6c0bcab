//! Idempotency keys: the first answer again, byte for byte, or a reason why not.

use anyhow::{Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User, new_key};
use serde_json::{Value, json};

struct Market {
    api: Api,
    property: Property,
    guest: User,
    other: User,
}

impl Market {
    async fn open() -> Result<Self> {
        let api = Api::connect().await?;
        let [host, guest, other] = <[User; 3]>::try_from(api.register_verified_users(3).await?)
            .map_err(|users| anyhow::anyhow!("{} users", users.len()))?;
        let property = api.listed_property(&host, &Draft::default()).await?;
        Ok(Self { api, property, guest, other })
    }

    async fn book(&self, guest: &User, key: &str, body: impl ToString) -> Result<Answer> {
        self.api.post("/v1/bookings").by(guest).key(key).json_text(body.to_string()).send().await
    }

    fn body(&self, days: i32) -> Result<Value> {
        Ok(Stay::in_days(days, 2)?.body(&self.property))
    }

    async fn bookings_of(&self, guest: &User) -> Result<usize> {
        let listed = self.api.get("/v1/bookings?role=guest&limit=100").by(guest).expect(200).await?;
        Ok(listed.at("/data")?.as_array().map(Vec::len).unwrap_or_default())
    }
}

fn expect_replay(first: &Answer, second: &Answer) -> Result<()> {
    ensure!(first.header("idempotent-replayed").is_none(), "the first is marked as replayed: {first}");
    ensure!(second.header("idempotent-replayed") == Some("true"), "not marked as replayed: {second}");
    ensure!(second.status == first.status && second.body == first.body, "not byte for byte: {first}\n{second}");
    ensure!(second.header("content-type") == first.header("content-type"), "another media type: {first}\n{second}");
    ensure!(second.header("location") == first.header("location"), "another location: {first}\n{second}");
    Ok(())
}

#[tokio::test]
async fn booking_without_a_key_is_refused() -> Result<()> {
    let market = Market::open().await?;
    let call = market.api.post("/v1/bookings").by(&market.guest).json(&market.body(30)?);
    call.send().await?.expect_problem(400, "idempotency_key_missing")?;
    ensure!(market.bookings_of(&market.guest).await? == 0, "it was booked all the same");
    Ok(())
}

#[tokio::test]
async fn key_has_1_to_255_characters() -> Result<()> {
    let market = Market::open().await?;
    for bad in [String::new(), "k".repeat(256), "k".repeat(4_000)] {
        let answer = market.book(&market.guest, &bad, market.body(30)?).await?;
        answer.expect_problem(400, "idempotency_key_invalid")?;
    }
    market.book(&market.guest, &"k".repeat(255), market.body(30)?).await?.expect_status(201)?;
    market.book(&market.guest, "k", market.body(40)?).await?.expect_status(201)?;
    Ok(())
}

#[tokio::test]
async fn same_key_and_request_gives_the_first_answer_byte_for_byte() -> Result<()> {
    let market = Market::open().await?;
    let (key, body) = (new_key(), market.body(30)?);
    let first = market.book(&market.guest, &key, &body).await?.expect_status(201)?;
    for _ in 0..3 {
        expect_replay(&first, &market.book(&market.guest, &key, &body).await?)?;
    }
    ensure!(market.bookings_of(&market.guest).await? == 1, "booked more than once");
    Ok(())
}

#[tokio::test]
async fn same_key_with_another_request_is_refused() -> Result<()> {
    let market = Market::open().await?;
    let key = new_key();
    market.book(&market.guest, &key, market.body(30)?).await?.expect_status(201)?;
    let mut more_guests = market.body(30)?;
    more_guests["guests"]["adults"] = json!(2);
    for other in [market.body(40)?, more_guests] {
        let answer = market.book(&market.guest, &key, other).await?;
        answer.expect_problem(422, "idempotency_key_reused")?;
    }
    ensure!(market.bookings_of(&market.guest).await? == 1, "booked more than once");
    Ok(())
}

#[tokio::test]
async fn requests_are_compared_as_json_not_as_text() -> Result<()> {
    let market = Market::open().await?;
    let (key, body) = (new_key(), market.body(30)?);
    let first = market.book(&market.guest, &key, &body).await?.expect_status(201)?;
    let (id, check_in, check_out) = (&body["property_id"], &body["check_in"], &body["check_out"]);
    let reordered = format!(
        "\n{{ \"guests\" : {{\"pets\":0, \"infants\":0,\t\"children\":0,\"adults\":1}},\r\n \
         \"check_out\":{check_out}, \"check_in\":{check_in}, \"\\u0070roperty_id\":{id} }}  "
    );
    expect_replay(&first, &market.book(&market.guest, &key, reordered).await?)
}

#[tokio::test]
async fn conflict_of_business_is_stored_and_replayed() -> Result<()> {
    let market = Market::open().await?;
    market.book(&market.other, &new_key(), market.body(30)?).await?.expect_status(201)?;
    let (key, body) = (new_key(), market.body(30)?);
    let first = market.book(&market.guest, &key, &body).await?;
    first.expect_problem(409, "dates_unavailable")?;
    let second = market.book(&market.guest, &key, &body).await?;
    // The body is the first's, so its request_id is too: it is not this answer's.
    expect_replay(&first, &second)?;
    let reused = market.book(&market.guest, &key, market.body(50)?).await?;
    reused.expect_problem(422, "idempotency_key_reused")?;
    Ok(())
}

#[tokio::test]
async fn validation_failure_is_not_stored() -> Result<()> {
    let market = Market::open().await?;
    let key = new_key();
    let mut wrong = market.body(30)?;
    wrong["check_out"] = wrong["check_in"].clone();
    for _ in 0..2 {
        let refused = market.book(&market.guest, &key, &wrong).await?;
        ensure!(refused.status == 422 && refused.header("idempotent-replayed").is_none(), "stored: {refused}");
    }
    market.book(&market.guest, &key, "{ not json").await?.expect_problem(400, "malformed_json")?;
    market.book(&market.guest, &key, market.body(30)?).await?.expect_status(201)?;
    Ok(())
}

#[tokio::test]
async fn callers_do_not_share_keys() -> Result<()> {
    let market = Market::open().await?;
    let key = new_key();
    let first = market.book(&market.guest, &key, market.body(30)?).await?.expect_status(201)?;
    let second = market.book(&market.other, &key, market.body(40)?).await?.expect_status(201)?;
    ensure!(first.text_at("/id")? != second.text_at("/id")?, "one booking for two guests: {second}");
    let same_nights = market.book(&market.other, &new_key(), market.body(30)?).await?;
    same_nights.expect_problem(409, "dates_unavailable")?;
    Ok(())
}

#[tokio::test]
async fn key_is_accepted_on_every_post() -> Result<()> {
    let market = Market::open().await?;
    let (key, draft) = (new_key(), Draft::default());
    let create = || market.api.post("/v1/properties").by(&market.guest).key(&key).json(draft.body()).send();
    let first = create().await?.expect_status(201)?;
    expect_replay(&first, &create().await?)?;
    let other = market.api.post("/v1/properties").by(&market.guest).key(&key).json(Draft::default().body());
    other.send().await?.expect_problem(422, "idempotency_key_reused")?;

    let path = format!("/v1/properties/{}", first.text_at("/id")?);
    market.api.upload_photo(&market.guest, &path).await?;
    let list = format!("{path}/list");
    let key = new_key();
    let act = || market.api.post(&list).by(&market.guest).key(&key).send();
    let listed = act().await?.expect_status(200)?;
    expect_replay(&listed, &act().await?)?;

    let email = format!("{}@example.com", new_key());
    let body = json!({
        "email": email, "password": "correct horse battery staple 9", "first_name": "Ada", "last_name": "Lovelace"
    });
    let key = new_key();
    let register = || market.api.post("/v1/users").key(&key).json(&body).send();
    let made = register().await?.expect_status(201)?;
    expect_replay(&made, &register().await?)?;
    let too_long = market.api.post("/v1/users").key(&"k".repeat(256)).json(&body).send().await?;
    too_long.expect_problem(400, "idempotency_key_invalid")?;
    Ok(())
}

#[tokio::test]
async fn key_on_another_route_is_another_request() -> Result<()> {
    let market = Market::open().await?;
    let key = new_key();
    let made = market.api.post("/v1/properties").by(&market.guest).key(&key).json(Draft::default().body());
    let made = made.expect(201).await?;
    let other_act = market.api.post(&format!("/v1/properties/{}/list", made.text_at("/id")?)).by(&market.guest);
    other_act.key(&key).send().await?.expect_problem(422, "idempotency_key_reused")?;
    Ok(())
}
