//! Calendars of other sites: their nights are taken here, and no address makes the API knock at a private door.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, Property, Stack, Stay, User};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

async fn host_with_property(api: &Api) -> Result<(User, Property)> {
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    Ok((host, property))
}

fn compact(date: jiff::civil::Date) -> String {
    date.to_string().replace('-', "")
}

/// Serves this calendar at the stack's address for calendars, whatever is asked, until the test ends.
async fn serve(calendar: String) -> Result<String> {
    let origin = Stack::load()?.calendars()?;
    let address = origin.strip_prefix("http://").context("no HTTP address")?.to_owned();
    let listener = TcpListener::bind(&address).await?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await?);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", calendar.len());
            stream.write_all(format!("{head}{calendar}").as_bytes()).await?;
        }
        Ok::<(), std::io::Error>(())
    });
    Ok(format!("{origin}/calendar.ics"))
}

#[tokio::test]
async fn imported_nights_are_taken_until_the_feed_is_deleted() -> Result<()> {
    let api = Api::connect().await?;
    let (host, property) = host_with_property(&api).await?;
    let guest = api.register_verified_user().await?;
    let stay = Stay::in_days(40, 3)?;
    let (start, end) = (compact(stay.check_in), compact(stay.check_out));
    let event =
        format!("BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\nEND:VEVENT\r\n");
    let url = serve(format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event}END:VCALENDAR\r\n")).await?;
    let feeds = format!("{}/feeds", property.path());
    let body = json!({ "url": url, "name": "Another site" });
    let feed = api.post(&feeds).by(&host).json(&body).expect(201).await?;
    let made = feed.json()?;
    ensure!(made["stays"] == 1 && made["last_error"].is_null() && made["refreshed_at"].is_string(), "{feed}");

    let quote = format!("{}/quote?{}&guests=1", property.path(), stay.query());
    ensure!(api.get(&quote).expect(200).await?.json()?["bookable"] == false, "imported nights are offered");
    api.book(&guest, &stay.body(&property)).expect(409).await?.expect_problem(409, "dates_unavailable")?;
    let after = Stay::in_days(43, 1)?;
    api.book(&guest, &after.body(&property)).expect(201).await?;
    let exported = api.get(&format!("{}/calendar-export", property.path())).by(&host).expect(200).await?;
    let exported = exported.text_at("/url")?;
    let path = exported.get(exported.find("/v1/").context("no path")?..).context("no path")?;
    let calendar = String::from_utf8(api.get(path).expect(200).await?.body)?;
    ensure!(!calendar.contains(&format!("DTSTART;VALUE=DATE:{start}")), "an import is handed on: {calendar}");

    let one = format!("{feeds}/{}", feed.text_at("/id")?);
    api.call(Method::DELETE, &one).by(&host).expect(204).await?;
    api.book(&guest, &stay.body(&property)).expect(201).await?;
    let left = api.get(&feeds).by(&host).expect(200).await?;
    ensure!(left.json()?["data"] == json!([]), "{left}");
    Ok(())
}

#[tokio::test]
async fn private_addresses_are_refused_in_every_spelling() -> Result<()> {
    let api = Api::connect().await?;
    let (host, property) = host_with_property(&api).await?;
    let feeds = format!("{}/feeds", property.path());
    for url in [
        "http://example.com/a.ics",
        "https://127.0.0.1/a.ics",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fd00:ec2::254]/",
        "https://localhost./",
        "https://user:password@example.com/",
        "https://example.com:22/",
        "file:///etc/passwd",
    ] {
        let body = json!({ "url": url, "name": "Nobody" });
        let answer = api.post(&feeds).by(&host).json(&body).send().await?;
        ensure!(answer.status == 422, "{url} is taken: {answer}");
        answer.problem()?.expect_pointer("/url")?;
    }
    let left = api.get(&feeds).by(&host).expect(200).await?;
    ensure!(left.json()?["data"] == json!([]), "{left}");
    Ok(())
}
