//! What every task of a simulator holds: the state behind its one lock, and the end of it all.
//! Must not hold the lock across an await: `locked` takes a closure that cannot.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, Semaphore, watch};

use crate::config::Config;
use crate::state::State;
use crate::webhooks;

/// How many webhooks may be on their way at once.
const WEBHOOKS_AT_ONCE: usize = 16;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    state: Mutex<State>,
    pub(crate) client: reqwest::Client,
    pub(crate) webhook_permits: Semaphore,
    stop: watch::Sender<bool>,
    /// Told whenever somebody has worked on the state.
    pub(crate) changed: Notify,
}

impl Shared {
    pub(crate) fn new(config: Config, state: State, client: reqwest::Client) -> Arc<Self> {
        let webhook_permits = Semaphore::new(WEBHOOKS_AT_ONCE);
        Arc::new(Self {
            config,
            state: Mutex::new(state),
            client,
            webhook_permits,
            stop: watch::Sender::new(false),
            changed: Notify::new(),
        })
    }

    /// Works on the state alone; afterwards the events it made are on their way, in their order.
    pub(crate) fn locked<R>(self: &Arc<Self>, work: impl FnOnce(&mut State) -> R) -> R {
        // A panic under the lock fails its own call; the others go on with what is there.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state);
        for event in std::mem::take(&mut state.outbox) {
            webhooks::dispatch(self, &mut state, &event);
        }
        self.changed.notify_one();
        result
    }

    /// Looks at the state alone.
    pub(crate) fn look<R>(&self, work: impl FnOnce(&State) -> R) -> R {
        work(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for the end of the simulator.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as `self`, so this ends by the value alone.
        stop.wait_for(|stopped| *stopped).await.map(drop).unwrap_or_default();
    }
}
