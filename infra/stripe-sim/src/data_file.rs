//! The account in a file: read when a simulator starts, written whenever something has changed. A simulator that is
//! killed forgets the last moment before; one that is told to end forgets nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shared::Shared;
use crate::state::State;

/// Changes that come so soon after one another are written together.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// The account, and the events that no webhook has told of yet.
#[derive(Deserialize)]
struct Kept {
    state: State,
    unsent: Vec<String>,
}

/// The same to be written.
#[derive(Serialize)]
struct Keeping<'a> {
    state: &'a State,
    unsent: Vec<String>,
}

/// What the file has, if there is one; its unsent events are in the outbox.
pub(crate) fn read(path: &Path) -> std::io::Result<Option<State>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Kept { mut state, unsent } = serde_json::from_slice(&text)?;
    state.keys.forget_unanswered();
    state.outbox = unsent;
    Ok(Some(state))
}

/// Writes until the simulator ends, and then once more.
pub(crate) async fn keep(shared: Arc<Shared>) -> std::io::Result<()> {
    let Some(path) = shared.config.data_file.clone() else { return Ok(()) };
    let mut written = Vec::new();
    loop {
        let ends = tokio::select! {
            () = shared.changed.notified() => false,
            () = shared.stopped() => true,
        };
        if !ends {
            tokio::select! {
                () = tokio::time::sleep(GATHERED_FOR) => {}
                () = shared.stopped() => {}
            }
        }
        let text = shared.look(|state| serde_json::to_vec(&Keeping { state, unsent: state.deliveries.unsent() }))?;
        if text != written {
            write_whole(&path, &text)?;
            written = text;
        }
        if ends {
            return Ok(());
        }
    }
}

/// Writes a file so that a reader sees all of it or none.
///
/// # Errors
/// The system's.
pub fn write_whole(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text)?;
    std::fs::rename(unfinished, path)
}
