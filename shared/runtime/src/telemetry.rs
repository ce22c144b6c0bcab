//! Logs: one JSON object a line on stdout, the fields of the spans around it beside its own.
//! Never bodies, tokens or whole events: `docs/LOGGING.md`.

use std::fmt::{self, Debug};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Our crates: these log at `LOG_LEVEL`, all others only what is amiss.
const OURS: [&str; 12] = [
    "domain",
    "store",
    "services",
    "adapters",
    "web",
    "runtime",
    "users",
    "properties",
    "bookings",
    "docs",
    "notifications",
    "scheduler",
];

/// Starts logging for this process; a second call changes nothing. Panics are logged from now on, too.
pub fn start() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(others).with_targets(OURS.map(|target| (target, level)));
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLine { function });
    if tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(ToString::to_string);
            tracing::error!(location, message = panic.payload_as_str().unwrap_or("panicked"));
        }));
    }
}

/// An event with everything known around it, flat.
struct JsonLine {
    function: String,
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Members(Map::new());
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(Value::Object(fields)) = serde_json::from_str(&fields.fields)
            {
                line.0.extend(fields);
            }
        }
        event.record(&mut line);
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        line.put("timestamp", timestamp);
        line.put("level", metadata.level().as_str());
        line.put("target", metadata.target());
        if !self.function.is_empty() {
            line.put("function", self.function.as_str());
        }
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_fields_of_its_spans() {
        let lines = Lines::default();
        let written = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine { function: "users".to_owned() })
            .with_writer(move || lines.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let request = tracing::info_span!("request", request_id = "r-1", user_id = tracing::field::Empty);
            let _inside = request.enter();
            request.record("user_id", "user_1");
            tracing::info!(status = 200, slow = false, "answered");
        });
        let written = written.0.lock().expect("no panic").clone();
        let line: Value = serde_json::from_slice(&written).expect("one JSON object");
        assert_eq!(line["message"], "answered");
        assert_eq!((&line["request_id"], &line["user_id"]), (&"r-1".into(), &"user_1".into()));
        assert_eq!((&line["status"], &line["slow"]), (&200.into(), &false.into()));
        assert_eq!((&line["level"], &line["function"]), (&"INFO".into(), &"users".into()));
        assert!(line["timestamp"].is_string() && line["target"].is_string());
    }
}
