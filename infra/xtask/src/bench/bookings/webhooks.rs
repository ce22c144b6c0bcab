//! Taking a webhook in, against a function that only says hello: the same router, the same runtime, as many copies of
//! each. The queue is one that takes everything at once, since the local AWS's own time is not the function's.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::bench::lines::Line;
use crate::bench::{middle, search};
use crate::description::Description;
use crate::local::aws_environment;
use crate::paths::Paths;
use crate::ui::Step;

/// Copies of each program, and clients that ask them.
const COPIES: usize = 4;
const CLIENTS: usize = 8;
const START_LIMIT: Duration = Duration::from_secs(10);
/// The router takes calls for programs of the workspace alone: two that are no functions lend their names.
const HELLO: &str = "simulate";
const WEBHOOKS: &str = "xtask";
const WEBHOOK_SECRET: &str = "whsec_bench";

/// One side.
struct Side {
    url: String,
    /// Ended with this.
    _copies: Vec<Child>,
}

/// Measures both sides in turns.
pub(crate) async fn ingress(
    paths: &Paths,
    description: &Description,
    (round, rounds): (Duration, usize),
) -> Result<Line> {
    let step = Step::start("webhooks coming in");
    let router = description.ports().router;
    let queue = queue()?;
    let hello = side(paths, description, ("examples/hello", HELLO, ""), queue)?;
    let webhooks = side(paths, description, ("payments", WEBHOOKS, "v1/webhooks/stripe"), queue)?;
    let body: Arc<str> = event().into();
    let client = reqwest::Client::new();
    for side in [&hello, &webhooks] {
        wait_for(&client, side, &body).await.with_context(|| format!("behind the router on port {router}"))?;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        ours.push(rate(&client, &webhooks, &body, round).await?);
        theirs.push(rate(&client, &hello, &body, round).await?);
    }
    let sides = (middle(ours), middle(theirs));
    step.done(&format!("{:.0}/s against {:.0}/s", sides.0, sides.1));
    Ok(Line::at_least("webhooks taken in against a bare hello", sides.0 / sides.1, sides, 0.5))
}

/// A queue as far as the function knows; gives its port. It reads each message to its end and looks at nothing: its time
/// is not the function's. For the same reason it has threads that block, which is the least that a connection can cost.
fn queue() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            // A connection that breaks is the end of its function, whose callers tell of it.
            std::thread::spawn(move || take_all(connection));
        }
    });
    Ok(port)
}

fn take_all(mut connection: TcpStream) -> std::io::Result<()> {
    const TAKEN: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 21\r\n\r\n{\"MessageId\":\"bench\"}";
    connection.set_nodelay(true)?;
    let (mut received, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        match connection.read(&mut chunk)? {
            0 => return Ok(()),
            length => received.extend_from_slice(&chunk[..length]),
        }
        if is_whole(&received) {
            received.clear();
            connection.write_all(TAKEN)?;
        }
    }
}

/// Whether a request's body is as long as its head says.
fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let lines = request[..head].split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut lengths = lines.filter_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= head + 4 + lengths.next().unwrap_or(0)
}

fn side(
    paths: &Paths,
    description: &Description,
    (program, name, path): (&str, &str, &str),
    queue: u16,
) -> Result<Side> {
    let router = description.ports().router;
    let mut environment = search::environment(paths, description, ("payments", 1))?;
    environment.retain(|(name, _)| !name.starts_with("STRIPE_SECRET"));
    environment.extend(aws_environment(queue));
    environment.extend(
        [
            ("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{router}/.rt/{name}")),
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
            ("STRIPE_SECRET", json!({ "api_key": "sk_test_bench", "webhook_secret": WEBHOOK_SECRET }).to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let copies = (0..COPIES).map(|_| {
        let mut command = Command::new(paths.binaries.join(program));
        command.env_clear().envs(environment.iter().cloned()).kill_on_drop(true);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        command.spawn().with_context(|| format!("starting {program}: build it first, in the profile of this program"))
    });
    let copies = copies.collect::<Result<_>>()?;
    Ok(Side { url: format!("http://127.0.0.1:{router}/lambda-url/{name}/{path}"), _copies: copies })
}

async fn send(client: &reqwest::Client, side: &Side, body: &str) -> Result<reqwest::StatusCode> {
    let now = jiff::Timestamp::now().as_second();
    let signature = stripe_sim::sign(&[WEBHOOK_SECRET.to_owned()], now, body);
    let request =
        client.post(&side.url).header("stripe-signature", signature).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await?;
    let status = answer.status();
    answer.bytes().await?;
    Ok(status)
}

async fn wait_for(client: &reqwest::Client, side: &Side, body: &str) -> Result<()> {
    let since = Instant::now();
    loop {
        let answer = tokio::time::timeout(START_LIMIT, send(client, side, body)).await;
        match answer {
            Ok(Ok(status)) if status.is_success() => return Ok(()),
            Ok(said) if since.elapsed() > START_LIMIT => bail!("{} does not take a webhook: {said:?}", side.url),
            Err(_) => bail!("{} does not answer", side.url),
            Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn rate(client: &reqwest::Client, side: &Side, body: &Arc<str>, round: Duration) -> Result<f64> {
    let since = Instant::now();
    let ask = async || {
        let mut done = 0_u32;
        while since.elapsed() < round {
            let status = send(client, side, body).await?;
            if !status.is_success() {
                bail!("{} answered {status}", side.url);
            }
            done += 1;
        }
        Ok(done)
    };
    let done = futures::future::try_join_all((0..CLIENTS).map(|_| ask())).await?;
    Ok(f64::from(done.iter().sum::<u32>()) / since.elapsed().as_secs_f64())
}

/// An event of the size that the provider's have.
fn event() -> String {
    json!({
        "id": "evt_bench", "object": "event", "type": "payment_intent.succeeded", "created": 1_900_000_000,
        "data": { "object": { "id": "pi_bench", "object": "payment_intent", "amount": 12_550, "currency": "usd",
                              "description": "x".repeat(2_000), "metadata": { "payment_id": "pay_bench" } } },
        "livemode": false, "pending_webhooks": 1,
    })
    .to_string()
}
