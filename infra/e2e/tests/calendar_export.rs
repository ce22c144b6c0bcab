//! The calendar for other sites: whoever has its address reads which nights are taken, and nothing else.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, Property, Stay, User};
use reqwest::Method;

/// Path and query of the address of a calendar.
async fn address(api: &Api, property: &Property, method: Method) -> Result<String> {
    let path = format!("{}/calendar-export", property.path());
    let url = api.call(method, &path).by(&property.host).expect(200).await?.text_at("/url")?;
    Ok(url.get(url.find("/v1/").context("no path")?..).context("no path")?.to_owned())
}

/// The lines of a calendar, unfolded (RFC 5545 §3.1).
async fn lines(api: &Api, address: &str) -> Result<Vec<String>> {
    let answer = api.get(address).expect(200).await?;
    ensure!(answer.require_header("content-type")?.starts_with("text/calendar"), "{answer}");
    let text = String::from_utf8(answer.body.clone())?;
    ensure!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "lines end by CRLF: {answer}");
    ensure!(text.split("\r\n").all(|line| line.len() <= 75), "a line over 75 octets: {answer}");
    Ok(text.replace("\r\n ", "").replace("\r\n\t", "").split("\r\n").map(str::to_owned).collect())
}

/// Start and end of each event.
fn events(lines: &[String]) -> Vec<(String, String)> {
    let values = |name: &str| {
        let of = |line: &String| Some(line.strip_prefix(name)?.strip_prefix(";VALUE=DATE:")?.to_owned());
        lines.iter().filter_map(of).collect::<Vec<_>>()
    };
    values("DTSTART").into_iter().zip(values("DTEND")).collect()
}

fn compact(date: jiff::civil::Date) -> String {
    date.to_string().replace('-', "")
}

async fn listed(api: &Api, host: &User) -> Result<Property> {
    api.listed_property(host, &Draft::default()).await
}

#[tokio::test]
async fn exported_calendar_has_taken_nights_and_nobodys_name() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = listed(&api, host).await?;
    let address = address(&api, &property, Method::GET).await?;
    let empty = lines(&api, &address).await?;
    ensure!(empty[0] == "BEGIN:VCALENDAR" && empty.contains(&"VERSION:2.0".to_owned()), "{empty:?}");
    ensure!(empty.iter().any(|line| line.starts_with("PRODID:")) && events(&empty).is_empty(), "{empty:?}");

    let stay = Stay::in_days(30, 3)?;
    let mut body = stay.body(&property);
    body["message"] = "A secret of Ada's".into();
    let booked = api.book(guest, &body).expect(201).await?;
    let taken = lines(&api, &address).await?;
    ensure!(events(&taken) == [(compact(stay.check_in), compact(stay.check_out))], "{taken:?}");
    let text = taken.join("\n");
    for secret in ["Ada", "Lovelace", "secret", "@example.com", &guest.email, &guest.id] {
        ensure!(!text.contains(secret), "{secret} is told: {text}");
    }
    for needed in ["BEGIN:VEVENT", "UID:", "DTSTAMP:", "SUMMARY:", "END:VEVENT", "END:VCALENDAR"] {
        ensure!(taken.iter().any(|line| line.starts_with(needed)), "no {needed} (RFC 5545 §3.6.1): {text}");
    }
    let uid = |lines: &[String]| lines.iter().find(|line| line.starts_with("UID:")).cloned();
    ensure!(uid(&lines(&api, &address).await?) == uid(&taken), "another UID each time");

    let cancel = format!("/v1/bookings/{}/cancel", booked.text_at("/id")?);
    api.post(&cancel).by(guest).json(&serde_json::json!({ "reason": "Ill." })).expect(200).await?;
    ensure!(events(&lines(&api, &address).await?).is_empty(), "a cancelled stay is exported");
    Ok(())
}

#[tokio::test]
async fn address_is_the_hosts_and_a_new_one_ends_the_old() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, stranger) = (&users[0], &users[1]);
    let (property, other) = (listed(&api, host).await?, listed(&api, host).await?);
    let old = address(&api, &property, Method::GET).await?;
    ensure!(address(&api, &property, Method::GET).await? == old, "the address changes by looking");
    let (path, token) = old.split_once("?token=").context("no token")?;
    ensure!(token.len() >= 20, "a short secret: {token}");
    let foreign = address(&api, &other, Method::GET).await?;
    let foreign = foreign.split_once("?token=").context("no token")?.1;
    let long = "x".repeat(4_000);
    for wrong in [
        "",
        "?token=",
        "?token=x",
        &format!("?token={token}x"),
        &format!("?token={foreign}"),
        &format!("?token={long}"),
    ] {
        api.get(&format!("{path}{wrong}")).by(host).send().await?.expect_problem(404, "not_found")?;
    }
    let odd = api.get(&format!("{path}?token=%00")).send().await?;
    ensure!(matches!(odd.status, 404 | 422), "{odd}");
    for method in [Method::GET, Method::POST] {
        let export = format!("{}/calendar-export", property.path());
        let answer = api.call(method, &export).by(stranger).send().await?;
        ensure!(matches!(answer.status, 403 | 404), "a stranger has the address: {answer}");
    }
    let new = address(&api, &property, Method::POST).await?;
    ensure!(new != old, "the same address");
    api.get(&old).send().await?.expect_problem(404, "not_found")?;
    lines(&api, &new).await?;
    // Not listed, it is still to be kept in step with other sites.
    api.post(&format!("{}/unlist", property.path())).by(host).expect(200).await?;
    lines(&api, &new).await?;
    Ok(())
}

#[tokio::test]
async fn exported_calendar_is_asked_for_again_by_its_tag() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let property = listed(&api, &users[0]).await?;
    let address = address(&api, &property, Method::GET).await?;
    let tag = api.get(&address).expect(200).await?.require_header("etag")?.to_owned();
    let again = api.get(&address).header("if-none-match", tag.as_bytes()).send().await?;
    ensure!(again.status == 304, "sent again though nothing has changed: {again}");
    api.book(&users[1], &Stay::in_days(10, 1)?.body(&property)).expect(201).await?;
    api.get(&address).header("if-none-match", tag.as_bytes()).expect(200).await?;
    Ok(())
}
