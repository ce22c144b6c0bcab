//! The guard around calendars that strangers name. A site with a certificate stands on this machine; names lead where a
//! test says, and an address that passed the guard is dialled at that site.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::{CalendarFetcher, HostNames, World};
use async_trait::async_trait;
use domain::calendar_feed::{FeedFault, FeedUrl, MAX_BYTES};
use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use services::ports::{CalendarSource, FetchFailure, Fetched, Validators};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const PUBLIC: &str = "93.184.215.14";
const CALENDAR: &str = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

/// What a name leads to, one answer a lookup, the last for ever; the name of anything else is not known.
#[derive(Default)]
struct Names {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl HostNames for Names {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().expect("set up").push(name.to_owned());
        match name {
            "site.example.com" | "other.example.org" => {
                let mut answers = self.answers.lock().expect("set up");
                let last = answers.len() == 1;
                let answer = if last { answers.front().cloned() } else { answers.pop_front() };
                Ok(answer.unwrap_or_default())
            }
            "inside.example.com" => Ok(vec!["10.0.0.7".parse().expect("set up")]),
            _ => Err(io::Error::other("no such name")),
        }
    }
}

/// A site, and a fetcher to whom the world is that site.
struct Site {
    names: Arc<Names>,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
    requests: Arc<Mutex<Vec<String>>>,
    fetcher: CalendarFetcher,
}

impl Site {
    /// A site whose name leads to these addresses, one list a lookup.
    async fn start(answers: &[&[&str]]) -> Self {
        Self::with_limit(answers, Duration::from_secs(30)).await
    }

    async fn with_limit(answers: &[&[&str]], limit: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("set up");
        let here = listener.local_addr().expect("set up");
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["site.example.com".to_owned()]).expect("set up");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("set up");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("set up")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("set up");
        let requests = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), requests.clone()));
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().expect("set up")).collect();
        let names = Arc::new(Names { answers: Mutex::new(answers.iter().map(parse).collect()), ..Names::default() });
        let dialled = Arc::new(Mutex::new(Vec::new()));
        let world = World {
            names: names.clone(),
            dial: {
                let dialled = dialled.clone();
                Arc::new(move |address| {
                    dialled.lock().expect("set up").push(address);
                    SocketAddr::new(here.ip(), here.port())
                })
            },
            roots: vec![reqwest::Certificate::from_der(cert.der()).expect("set up")],
            limit,
        };
        Self { names, dialled, requests, fetcher: CalendarFetcher::over(world, None) }
    }

    async fn public() -> Self {
        Self::start(&[&[PUBLIC]]).await
    }

    async fn fetch(&self, url: &str) -> Result<Fetched, FetchFailure> {
        self.fetcher.fetch(&FeedUrl::parse(url, None).expect("set up"), &Validators::default()).await
    }

    /// What is wrong with the site's page of this path.
    async fn fault(&self, path: &str) -> FeedFault {
        self.fetch(&format!("https://site.example.com{path}")).await.expect_err(path).fault
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("set up").clone()
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, requests: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, requests) = (tls.clone(), requests.clone());
        // Whoever does not trust the certificate, or has heard enough, goes away: that is the test's to judge.
        tokio::spawn(async move { answer(stream, tls, requests).await.unwrap_or_default() });
    }
}

async fn answer(stream: TcpStream, tls: TlsAcceptor, requests: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut stream = tls.accept(stream).await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    requests.lock().expect("set up").push(request.clone());
    let moved = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let ok = |headers: &str, body: &[u8]| {
        [format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n").as_bytes(), body].concat()
    };
    let bytes = match path.as_str() {
        "/calendar" if request.contains("if-none-match: \"v1\"") => b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(),
        "/calendar" => ok("ETag: \"v1\"\r\nLast-Modified: yesterday\r\n", CALENDAR.as_bytes()),
        "/gzip" => ok("Content-Encoding: gzip\r\n", &gzipped(CALENDAR.as_bytes())),
        "/bomb" => ok("Content-Encoding: gzip\r\n", &gzipped(&vec![b' '; 8 * 1024 * 1024])),
        "/full" => ok("", &vec![b' '; MAX_BYTES]),
        "/large" => ok("", &vec![b' '; MAX_BYTES + 1]),
        "/forbidden" => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/unasked" => b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(),
        "/moved/0" => moved("/calendar"),
        "/slow" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await?;
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            loop {
                pause.tick().await;
                stream.write_all(b" ").await?;
                stream.flush().await?;
            }
        }
        path => match path.strip_prefix("/moved/") {
            // One less each time, until it is there.
            Some(count) if count.parse::<u32>().is_ok() => {
                moved(&format!("/moved/{}", count.parse::<u32>().unwrap_or(1) - 1))
            }
            Some(to) => moved(to),
            None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        },
    };
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("set up");
    encoder.finish().expect("set up")
}

#[tokio::test]
async fn a_calendar_comes_from_the_address_that_was_checked_and_its_name_is_looked_up_once() {
    let site = Site::start(&[&[PUBLIC], &["127.0.0.1"]]).await;
    let fetched = site.fetch("https://site.example.com/calendar").await.expect("fetched");
    let validators = Validators { etag: Some("\"v1\"".to_owned()), last_modified: Some("yesterday".to_owned()) };
    assert_eq!(fetched, Fetched::Calendar { bytes: CALENDAR.into(), validators });
    assert_eq!(*site.names.asked.lock().expect("set up"), ["site.example.com"]);
    assert_eq!(*site.dialled.lock().expect("set up"), [PUBLIC.parse::<IpAddr>().unwrap()]);
    // A name that leads elsewhere the next time is looked up anew, and refused.
    assert_eq!(site.fault("/calendar").await, FeedFault::AddressNotAllowed);
    assert_eq!((site.requests().len(), site.dialled.lock().expect("set up").len()), (1, 1));
}

#[tokio::test]
async fn a_name_that_leads_into_a_closed_network_is_not_asked() {
    for addresses in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["100.64.0.1"],
        &["0.0.0.0"],
        &["::1"],
        &["fd00:ec2::254"],
        &["fe80::1"],
        &["::ffff:169.254.169.254"],
        &["64:ff9b::a9fe:a9fe"],
        &["2002:a9fe:a9fe::1"],
        // One bad address is enough, whichever would have been tried first.
        &[PUBLIC, "192.168.0.1"],
        &["192.168.0.1", PUBLIC],
        &["2606:4700::1111", "::1"],
    ] {
        let site = Site::start(&[addresses]).await;
        assert_eq!(site.fault("/calendar").await, FeedFault::AddressNotAllowed, "{addresses:?}");
        assert!(site.dialled.lock().expect("set up").is_empty() && site.requests().is_empty(), "{addresses:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_each_is_judged_anew() {
    let site = Site::public().await;
    assert!(matches!(site.fetch("https://site.example.com/moved/2").await, Ok(Fetched::Calendar { .. })));
    assert_eq!((site.requests().len(), site.names.asked.lock().expect("set up").len()), (4, 4));
    assert_eq!(site.fault("/moved/3").await, FeedFault::TooManyRedirects);
    for to in [
        "http://site.example.com/calendar",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0xa9fea9fe/",
        "https://[::ffff:169.254.169.254]/",
        "//2130706433/",
        "https://inside.example.com/",
        "https://site.example.com:22/",
        "https://a:b@site.example.com/",
        "file:///etc/passwd",
    ] {
        let before = site.requests().len();
        assert_eq!(site.fault(&format!("/moved/{to}")).await, FeedFault::AddressNotAllowed, "{to}");
        assert_eq!(site.requests().len(), before + 1, "{to} was followed");
    }
    assert!(site.dialled.lock().expect("set up").iter().all(|address| *address == PUBLIC.parse::<IpAddr>().unwrap()));
}

#[tokio::test]
async fn a_name_that_changes_between_redirects_is_caught() {
    let site = Site::start(&[&[PUBLIC], &["169.254.169.254"]]).await;
    assert_eq!(site.fault("/moved/0").await, FeedFault::AddressNotAllowed);
    assert_eq!(site.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_is_unpacked_and_read_up_to_its_limit_only() {
    let site = Site::public().await;
    let bytes = async |path: &str| match site.fetch(&format!("https://site.example.com{path}")).await {
        Ok(Fetched::Calendar { bytes, .. }) => bytes,
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(bytes("/gzip").await, CALENDAR.as_bytes());
    assert_eq!(bytes("/full").await.len(), MAX_BYTES);
    for path in ["/large", "/bomb"] {
        assert_eq!(site.fault(path).await, FeedFault::TooLarge, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_trickles_is_given_up() {
    let site = Site::with_limit(&[&[PUBLIC]], Duration::from_secs(1)).await;
    let started = std::time::Instant::now();
    assert_eq!(site.fault("/slow").await, FeedFault::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_the_site_says_is_told() {
    let site = Site::public().await;
    let refused = |status| Err(FetchFailure { fault: FeedFault::Refused, status: Some(status) });
    assert_eq!(site.fetch("https://site.example.com/forbidden").await, refused(403));
    assert_eq!(site.fetch("https://site.example.com/unasked").await, refused(304));
    let known = Validators { etag: Some("\"v1\"".to_owned()), last_modified: None };
    let url = FeedUrl::parse("https://site.example.com/calendar", None).expect("set up");
    assert_eq!(site.fetcher.fetch(&url, &known).await, Ok(Fetched::Unchanged));
}

#[tokio::test]
async fn a_site_without_its_own_certificate_or_name_is_unreachable() {
    let site = Site::public().await;
    let fault = async |url: &str| site.fetch(url).await.expect_err(url).fault;
    assert_eq!(fault("https://other.example.org/calendar").await, FeedFault::Unreachable);
    assert_eq!(fault("https://nowhere.example.com/calendar").await, FeedFault::NameNotFound);
    assert!(site.requests().is_empty());
}
