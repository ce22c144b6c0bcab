//! Calendars from addresses that strangers name, without being made to knock at our own doors. An address is judged
//! before it is asked (`FeedUrl`), a name when it is looked up: once a connection, every address of it, and to those
//! addresses alone the connection is made. Redirects are followed here, each judged anew.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::calendar_feed::{FeedFault, FeedUrl, MAX_BYTES, MAX_REDIRECTS, TrustedOrigin};
use domain::public_address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use services::ports::{CalendarSource, FetchFailure, Fetched, Validators};
use tokio::sync::OnceCell;

/// The longest a fetch may take, redirects and all.
const FETCH_LIMIT: Duration = Duration::from_secs(10);

/// The longest making a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// The longest validator that is kept, in bytes.
const MAX_VALIDATOR_BYTES: usize = 512;

/// Looks names up.
#[async_trait]
pub trait HostNames: Send + Sync {
    /// All addresses of a name.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the machine.
struct SystemNames;

#[async_trait]
impl HostNames for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 443)).await?.map(|address| address.ip()).collect())
    }
}

/// Where an address is found.
type Dial = Arc<dyn Fn(IpAddr) -> SocketAddr + Send + Sync>;

/// Through what the world is reached; a test puts parts of its own in place of it.
pub struct World {
    /// Looks names up.
    pub names: Arc<dyn HostNames>,
    /// Where an address that passed is found: port 0 is the scheme's own.
    pub dial: Dial,
    /// Certificates that are trusted besides the machine's.
    pub roots: Vec<Certificate>,
    /// The longest a fetch may take.
    pub limit: Duration,
}

impl Default for World {
    fn default() -> Self {
        Self {
            names: Arc::new(SystemNames),
            dial: Arc::new(|address| SocketAddr::new(address, 0)),
            roots: Vec::new(),
            limit: FETCH_LIMIT,
        }
    }
}

/// Fetches calendars from the public internet, and from one trusted origin where there is one.
pub struct CalendarFetcher {
    trusted: Option<TrustedOrigin>,
    world: World,
    http: OnceCell<Client>,
}

impl CalendarFetcher {
    /// A fetcher that connects when first asked.
    pub fn new(trusted: Option<TrustedOrigin>) -> Self {
        Self::over(World::default(), trusted)
    }

    /// The same over a world of the caller's own.
    pub fn over(world: World, trusted: Option<TrustedOrigin>) -> Self {
        Self { trusted, world, http: OnceCell::new() }
    }

    async fn http(&self) -> Result<&Client, FetchFailure> {
        self.http.get_or_try_init(|| async { self.client() }).await.map_err(|error| {
            tracing::error!(%error, "no HTTP client for calendars");
            failure(FeedFault::Unreachable)
        })
    }

    fn client(&self) -> reqwest::Result<Client> {
        Client::builder()
            .dns_resolver(Guarded { names: self.world.names.clone(), dial: self.world.dial.clone() })
            // A proxy would look the name up itself.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_LIMIT)
            // Each fetch looks its name up: no connection outlives what was known of it.
            .pool_max_idle_per_host(0)
            .tls_certs_merge(self.world.roots.iter().cloned())
            .user_agent("Roost-Calendar/1.0")
            .build()
    }

    async fn follow(&self, url: &FeedUrl, known: &Validators) -> Result<Fetched, FetchFailure> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            // Judged again: it may come from a stage with other rules.
            url = FeedUrl::parse(url.as_str(), self.trusted.as_ref())
                .map_err(|_invalid| failure(FeedFault::AddressNotAllowed))?;
            let response = self.ask(&url, known).await?;
            let status = response.status();
            if status == StatusCode::OK {
                return body(response).await;
            }
            if status == StatusCode::NOT_MODIFIED && *known != Validators::default() {
                return Ok(Fetched::Unchanged);
            }
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let (Some(location), 301 | 302 | 303 | 307 | 308) = (location, status.as_u16()) else {
                return Err(FetchFailure { fault: FeedFault::Refused, status: Some(status.as_u16()) });
            };
            url = url
                .redirected(location, self.trusted.as_ref())
                .map_err(|_invalid| failure(FeedFault::AddressNotAllowed))?;
        }
        Err(failure(FeedFault::TooManyRedirects))
    }

    async fn ask(&self, url: &FeedUrl, known: &Validators) -> Result<Response, FetchFailure> {
        let mut request = self.http().await?.get(url.as_str()).header(header::ACCEPT, "text/calendar, */*;q=0.5");
        if let Some(etag) = &known.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, last_modified);
        }
        request.send().await.map_err(|error| failed(&error))
    }
}

#[async_trait]
impl CalendarSource for CalendarFetcher {
    async fn fetch(&self, url: &FeedUrl, known: &Validators) -> Result<Fetched, FetchFailure> {
        match tokio::time::timeout(self.world.limit, self.follow(url, known)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(failure(FeedFault::TimedOut)),
        }
    }
}

/// The body as it is unpacked, until it is too large: a small answer may unpack into more than fits.
async fn body(mut response: Response) -> Result<Fetched, FetchFailure> {
    let validators = Validators {
        etag: validator(response.headers(), header::ETAG),
        last_modified: validator(response.headers(), header::LAST_MODIFIED),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(failure(FeedFault::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched::Calendar { bytes, validators })
}

fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

/// Looks names up and lets through only those that lead to the public internet with every address they have.
struct Guarded {
    names: Arc<dyn HostNames>,
    dial: Dial,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, dial) = (self.names.clone(), self.dial.clone());
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await.unwrap_or_default();
            let fault = if addresses.is_empty() {
                Some(FeedFault::NameNotFound)
            } else if !addresses.iter().all(|address| is_public(*address)) {
                Some(FeedFault::AddressNotAllowed)
            } else {
                None
            };
            match fault {
                Some(fault) => Err(Box::new(NotResolved(fault)) as Box<dyn StdError + Send + Sync>),
                None => Ok(Box::new(addresses.into_iter().map(move |address| dial(address))) as Addrs),
            }
        })
    }
}

/// What is wrong with a name.
#[derive(Debug)]
struct NotResolved(FeedFault);

impl fmt::Display for NotResolved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl StdError for NotResolved {}

fn failed(error: &reqwest::Error) -> FetchFailure {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(NotResolved(fault)) = error.downcast_ref() {
            return failure(*fault);
        }
        cause = error.source();
    }
    failure(if error.is_timeout() { FeedFault::TimedOut } else { FeedFault::Unreachable })
}

const fn failure(fault: FeedFault) -> FetchFailure {
    FetchFailure { fault, status: None }
}
