//! The very statements that a use case sends, with their parameters: as the server logs them.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tokio_postgres::Client;

/// A statement and its parameters, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// With `$n` for the parameters.
    pub(crate) sql: String,
    /// None for NULL.
    pub(crate) params: Vec<Option<String>>,
}

impl Sent {
    /// The statement with variables of pgbench for its parameters; NULL, which they can't be, is written out.
    pub(crate) fn with_variables(&self, prefix: &str) -> String {
        let mut sql = String::new();
        let mut rest = self.sql.as_str();
        while let Some(at) = rest.find('$') {
            sql.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let number: Option<usize> = rest[at + 1..=at + digits].parse().ok();
            match number.and_then(|number| self.params.get(number.wrapping_sub(1))) {
                Some(Some(_)) => sql.push_str(&format!(":{prefix}{}", &rest[at + 1..=at + digits])),
                Some(None) => sql.push_str("NULL"),
                None => sql.push_str(&rest[at..=at + digits]),
            }
            rest = &rest[at + 1 + digits..];
        }
        sql.push_str(rest);
        sql
    }
}

/// Has the server log what new sessions of the functions' role send.
pub(crate) async fn begin(admin: &Client) -> Result<()> {
    Ok(admin.batch_execute("ALTER ROLE roost_app SET log_min_duration_statement = 0").await?)
}

/// No more.
pub(crate) async fn end(admin: &Client) -> Result<()> {
    Ok(admin.batch_execute("ALTER ROLE roost_app RESET log_min_duration_statement").await?)
}

/// How long the log is: what comes later was sent later.
pub(crate) fn position(log: &Path) -> Result<u64> {
    Ok(std::fs::metadata(log).with_context(|| log.display().to_string())?.len())
}

/// What was sent by prepared statements since then, from the first that bears this name to the last that follows.
pub(crate) fn sent_since(log: &Path, position: u64, first: &str) -> Result<Vec<Sent>> {
    let bytes = std::fs::read(log)?;
    let from = usize::try_from(position)?.min(bytes.len());
    let text = String::from_utf8_lossy(&bytes[from..]);
    let all = parse(&text);
    let start = all.iter().position(|sent| sent.sql.contains(first));
    match start {
        Some(start) => Ok(all[start..].to_vec()),
        None => bail!("the server's log has no statement {first}"),
    }
}

/// Entries of the log; lines that begin with a tab go on with the one before.
fn parse(log: &str) -> Vec<Sent> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(more), Some(entry)) => {
                entry.push('\n');
                entry.push_str(more);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    let mut sent: Vec<Sent> = Vec::new();
    let mut is_open = false;
    for entry in entries {
        if let Some((_, executed)) = entry.split_once(" ms  execute ") {
            if let Some((_, sql)) = executed.split_once(": ") {
                sent.push(Sent { sql: sql.to_owned(), params: Vec::new() });
                is_open = true;
            }
        } else if let (true, Some((_, params)), Some(last)) =
            (is_open, entry.split_once("DETAIL:  parameters: "), sent.last_mut())
        {
            last.params = parameters(params);
            is_open = false;
        } else {
            is_open = false;
        }
    }
    sent
}

/// `$1 = 'it''s', $2 = NULL`.
fn parameters(text: &str) -> Vec<Option<String>> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(quoted) = value.strip_prefix('\'') {
            let (mut content, mut letters, mut used) = (String::new(), quoted.char_indices().peekable(), quoted.len());
            while let Some((at, letter)) = letters.next() {
                if letter != '\'' {
                    content.push(letter);
                } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                    content.push('\'');
                } else {
                    used = at + 1;
                    break;
                }
            }
            parameters.push(Some(content));
            rest = &quoted[used..];
        } else {
            parameters.push(None);
            rest = value.strip_prefix("NULL").unwrap_or(value);
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_parameters_are_read_from_the_log() {
        let log = "2026-01-01 00:00:00.000 UTC [7] LOG:  duration: 0.1 ms  parse s1: -- a.b\n\
                   2026-01-01 00:00:00.000 UTC [7] LOG:  duration: 0.1 ms  execute s1: -- a.b\n\
                   \tSELECT $1, $2, $10\n\
                   2026-01-01 00:00:00.000 UTC [7] DETAIL:  parameters: $1 = 'it''s, $2 = x', $2 = NULL\n\
                   2026-01-01 00:00:00.000 UTC [7] LOG:  duration: 0.1 ms  execute s2: SELECT 1\n";
        let sent = parse(log);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].params, [Some("it's, $2 = x".to_owned()), None]);
        assert_eq!(sent[0].with_variables("p_"), "-- a.b\nSELECT :p_1, NULL, $10");
        assert_eq!(sent[1], Sent { sql: "SELECT 1".to_owned(), params: Vec::new() });
    }
}
