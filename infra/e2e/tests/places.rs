//! Places by name: suggestions while somebody types, slips of the keys, and listings found by where they are.

use anyhow::{Context, Result, ensure};
use e2e::Api;
use serde_json::Value;

async fn suggest(api: &Api, query: &str) -> Result<Vec<Value>> {
    let answer = api.get(&format!("/v1/places?q={query}")).expect(200).await?;
    Ok(answer.at("/data")?.as_array().with_context(|| format!("no list: {answer}"))?.clone())
}

fn is(place: &Value, name: &str, country: &str) -> bool {
    place["name"].as_str().is_some_and(|it| it.contains(name)) && place["country"] == country
}

#[tokio::test]
async fn first_suggestion_is_the_place_that_was_meant() -> Result<()> {
    let api = Api::connect().await?;
    let cases = [
        ("Paris", "Paris", "FR"),
        ("paris", "Paris", "FR"),
        ("Pariss", "Paris", "FR"),
        ("Lisbn", "Lisbon", "PT"),
        ("barcelna", "Barcelona", "ES"),
        ("Amsterdma", "Amsterdam", "NL"),
        ("M%C3%BCnchen", "Mun", "DE"),
        ("Munchen", "Mun", "DE"),
        ("s%C3%A3o%20paulo", "Paulo", "BR"),
        ("New%20York", "New York", "US"),
        ("new%20yrok", "New York", "US"),
        ("Portugal", "Portugal", "PT"),
        ("Potugal", "Portugal", "PT"),
        ("Tok", "Tokyo", "JP"),
        ("Paris,%20Texas", "Paris", "US"),
    ];
    let mut missed = Vec::new();
    for (query, name, country) in cases {
        let places = suggest(&api, query).await?;
        if !places.first().is_some_and(|place| is(place, name, country)) {
            missed.push(format!("{query}: {:?}", places.first()));
        }
        for place in &places {
            ensure!(place["kind"].is_string() && place["bbox"].as_array().is_some_and(|it| it.len() == 4), "{place}");
        }
    }
    ensure!(missed.is_empty(), "{missed:#?}");
    ensure!(suggest(&api, "zzzzqqqqxxxx").await?.is_empty(), "something for nothing");
    ensure!(suggest(&api, "san&limit=3").await?.len() == 3, "not three");
    Ok(())
}

#[tokio::test]
async fn bad_place_queries_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let long = "x".repeat(5_000);
    for query in [
        "",
        "q=",
        "q=%20",
        "q=%00",
        "q=a%00b",
        &format!("q={long}"),
        "q=a&q=b",
        "q=a&colour=1",
        "q=a&limit=0",
        "q=a&limit=101",
        "q=a&limit=x",
    ] {
        let answer = api.get(&format!("/v1/places?{query}")).send().await?;
        answer.expect_problem(422, "validation_failed").context(query.to_owned())?;
    }
    // Odd, but text: never an accident.
    for odd in [
        "%25",
        "_",
        "%27",
        "%22",
        "%5C",
        "%F0%9F%8F%A0",
        "%E2%80%AE",
        ",",
        ",,,",
        "a,",
        "%2C%20Texas",
        "-",
        "(",
        "*:*",
        "%26",
        "%7C%20%21",
    ] {
        api.get(&format!("/v1/places?q={odd}")).expect(200).await?;
    }
    Ok(())
}
