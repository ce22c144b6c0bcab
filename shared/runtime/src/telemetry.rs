//! Logs: one JSON object a line on stdout, the fields of the spans around it beside its own.
//! Never bodies, tokens or whole events: `docs/LOGGING.md`.

use std::fmt::Debug;
use std::io::Write as _;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Our crates: these log at `LOG_LEVEL`, all others only what is amiss.
const OURS: [&str; 19] = [
    "domain",
    "store",
    "services",
    "adapters",
    "web",
    "runtime",
    "admin",
    "bookings",
    "docs",
    "graphql",
    "migrate",
    "notifications",
    "payment_webhooks",
    "payments",
    "photos",
    "properties",
    "reviews",
    "scheduler",
    "users",
];

/// Starts logging for this process; a second call changes nothing. Panics are logged from now on, too.
pub fn start() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new()
        .with_default(others)
        .with_targets(OURS.map(|target| (target, level)))
        // Errors of handlers a second time, as `Debug`, and panics, which the hook below tells.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let lines = JsonLines { function, output: std::io::stdout };
    if tracing_subscriber::registry().with(lines).with(filter).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(ToString::to_string);
            tracing::error!(location, message = panic.payload_as_str().unwrap_or("panicked"));
        }));
    }
}

/// Writes each event with everything known around it, flat: of fields with the same name the innermost.
/// The formatter of `tracing_subscriber` keeps a span's fields as JSON text, to be read again for every event.
struct JsonLines<W> {
    function: String,
    output: W,
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Vec::with_capacity(512);
        // Into memory, and of values that JSON has: it can't fail.
        if self.write(&mut line, event, &context).is_ok() {
            line.push(b'\n');
            // When standard output is gone there is nowhere left to say so.
            self.output.make_writer().write_all(&line).ok();
        }
    }
}

impl<W> JsonLines<W> {
    fn write<S>(&self, line: &mut Vec<u8>, event: &Event<'_>, context: &Context<'_, S>) -> serde_json::Result<()>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut serializer = serde_json::Serializer::new(line);
        let mut members = Members { map: serializer.serialize_map(None)?, names: Vec::new() };
        let metadata = event.metadata();
        members.put("timestamp", &format_args!("{:.6}", Timestamp::now()))?;
        members.put("level", metadata.level().as_str())?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        members.put_all(&fields)?;
        members.put("target", metadata.target())?;
        if !self.function.is_empty() {
            members.put("function", &self.function)?;
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get() {
                members.put_all(fields)?;
            }
        }
        members.map.end()
    }
}

/// The members of a line; of those with one name the first stays.
struct Members<M: SerializeMap> {
    map: M,
    names: Vec<&'static str>,
}

impl<M: SerializeMap> Members<M> {
    fn put(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), M::Error> {
        if self.names.contains(&name) {
            return Ok(());
        }
        self.names.push(name);
        self.map.serialize_entry(name, value)
    }

    fn put_all(&mut self, fields: &Fields) -> Result<(), M::Error> {
        fields.0.iter().try_for_each(|(name, value)| self.put(name, value))
    }
}

/// The fields of a span or an event; of those with one name the last stays.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }
}

impl Visit for Fields {
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

    /// What `work` logs, line by line.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let written = lines.clone();
        let layer = JsonLines { function: "users".to_owned(), output: move || lines.clone() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        let written = written.0.lock().expect("no panic").clone();
        let text = String::from_utf8(written).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
    }

    #[test]
    fn a_line_has_the_fields_of_its_spans() {
        let lines = logged(|| {
            let request = tracing::info_span!("request", request_id = "r-1", user_id = tracing::field::Empty);
            let _inside = request.enter();
            request.record("user_id", "user_1");
            tracing::info!(status = 200, slow = false, share = 0.5, "answered");
        });
        let line = &lines[0];
        assert_eq!(line["message"], "answered");
        assert_eq!((&line["request_id"], &line["user_id"]), (&"r-1".into(), &"user_1".into()));
        assert_eq!((&line["status"], &line["slow"], &line["share"]), (&200.into(), &false.into(), &0.5.into()));
        assert_eq!((&line["level"], &line["function"]), (&"INFO".into(), &"users".into()));
        assert_eq!(line["target"], "runtime::telemetry::tests");
        let written = line["timestamp"].as_str().and_then(|text| text.parse::<Timestamp>().ok()).expect("a time");
        assert!(Timestamp::now().duration_since(written).as_secs().abs() < 3_600);
    }

    #[test]
    fn of_one_name_the_innermost_and_latest_is_written_once() {
        let lines = logged(|| {
            let outer = tracing::info_span!("outer", id = "outer", kept = "outer");
            let _outer = outer.enter();
            let inner = tracing::info_span!("inner", id = "first");
            inner.record("id", "second");
            let _inner = inner.enter();
            tracing::info!("of the spans");
            tracing::info!(id = 7, level = "mine", "of the event");
        });
        assert_eq!((&lines[0]["id"], &lines[0]["kept"]), (&"second".into(), &"outer".into()));
        // Of a name written twice this reader would see the last.
        assert_eq!((&lines[1]["id"], &lines[1]["level"]), (&7.into(), &"INFO".into()));
    }

    #[test]
    fn what_is_no_json_is_written_as_text() {
        let lines = logged(|| {
            let cause = "a \"quoted\"\nline";
            tracing::warn!(cause, debugged = ?Some(1), error = %io::Error::other("told"), "two\nlines: {}", 2);
            tracing::warn!(share = f64::NAN, "no number");
        });
        assert_eq!((&lines[0]["cause"], &lines[0]["message"]), (&"a \"quoted\"\nline".into(), &"two\nlines: 2".into()));
        assert_eq!((&lines[0]["debugged"], &lines[0]["error"]), (&"Some(1)".into(), &"told".into()));
        assert_eq!(lines[1]["share"], Value::Null);
    }

    #[test]
    fn every_function_is_ours() {
        let functions = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
        for folder in functions.read_dir().expect("the functions") {
            let name = folder.expect("readable").file_name().to_string_lossy().replace('-', "_");
            assert!(OURS.contains(&name.as_str()), "{name} would log its faults alone");
        }
    }
}
