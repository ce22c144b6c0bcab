//! Another site: serves calendars over HTTP from this machine, as a test tells it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adapters::CalendarFetcher;
use domain::calendar_feed::TrustedOrigin;
use services::Services;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the site answers at a path.
#[derive(Clone, Debug)]
pub enum Served {
    /// A calendar with an entity tag, or that it is the same.
    Calendar(String),
    /// These bytes, status line and all.
    Raw(String),
    /// Nothing, ever.
    Silence,
}

#[derive(Default)]
struct State {
    served: HashMap<String, Served>,
    requests: Vec<String>,
}

/// A site that is up until the test ends.
pub struct CalendarSite {
    origin: String,
    state: Arc<Mutex<State>>,
}

impl CalendarSite {
    /// A site that has nothing yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("a bound port"));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.clone()));
            }
        });
        Self { origin, state }
    }

    /// Where a path is.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// From now on this is answered at the path.
    pub fn serve(&self, path: &str, served: Served) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).served.insert(path.to_owned(), served);
    }

    /// A calendar of these events, given as UID, first night and day of leaving, both `YYYYMMDD`.
    pub fn serve_stays(&self, path: &str, stays: &[(&str, &str, &str)]) {
        let event = |(uid, start, end): &(&str, &str, &str)| {
            format!(
                "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\nEND:VEVENT\r\n"
            )
        };
        let events: String = stays.iter().map(event).collect();
        let calendar = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
        self.serve(path, Served::Calendar(calendar));
    }

    /// The requests that came, each with its headers.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// Lets the services read this site, though it is not on the public internet.
    pub fn trust(&self, services: &mut Services) {
        let origin = Some(TrustedOrigin::parse(&self.origin).expect("an origin"));
        services.calendars = Arc::new(CalendarFetcher::new(origin.clone()));
        services.settings.calendar_feeds.trusted_origin = origin;
    }
}

async fn answer(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            // Whoever asked is gone.
            Err(_) => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let served = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests.push(request.clone());
        state.served.get(&path).cloned()
    };
    let bytes = match served {
        Some(Served::Calendar(text)) => {
            let tag = format!("\"{}-{}\"", text.len(), text.bytes().map(u64::from).sum::<u64>());
            if request.contains(&tag) {
                "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned()
            } else {
                let length = text.len();
                format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}")
            }
        }
        Some(Served::Raw(bytes)) => bytes,
        Some(Served::Silence) => std::future::pending().await,
        None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    };
    if let Err(error) = stream.write_all(bytes.as_bytes()).await {
        tracing::debug!(%error, "whoever asked for a calendar is gone");
    }
}
