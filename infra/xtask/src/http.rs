//! As much of an HTTP/1.1 server as the stack's own handles need: one request a connection, small bodies, loopback.

use std::future::Future;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
pub(crate) struct Request {
    /// `GET` and so on.
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) path: String,
}

/// What is answered.
pub(crate) struct Response {
    /// Status code and reason.
    pub(crate) status: &'static str,
    /// JSON.
    pub(crate) body: String,
}

/// Answers requests until dropped. A connection that breaks ends only itself.
pub(crate) async fn serve<H, F>(listener: TcpListener, handler: H) -> Result<()>
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.context("accepting a connection")?;
        let handler = handler.clone();
        tokio::spawn(async move {
            if let Err(error) = answer(stream, handler).await {
                crate::ui::warn(&format!("a request to one of the stack's own handles broke off: {error:#}"));
            }
        });
    }
}

async fn answer<H, F>(stream: TcpStream, handler: H) -> Result<()>
where
    H: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        // Somebody looked whether the port is open.
        return Ok(());
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().context("Content-Length")?;
        }
    }
    tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
    let Response { status, body } = handler(Request { method, path }).await;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream.into_inner();
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}
