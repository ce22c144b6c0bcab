//! Starting and stopping. Must not know what is simulated.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::rand;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::data_file;
use crate::server;
use crate::shared::Shared;
use crate::state::State;

/// Why a simulator did not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The client for webhooks cannot be made.
    #[error("cannot make the client for webhooks")]
    Client(#[from] reqwest::Error),
    /// The system has no randomness.
    #[error("the system has no randomness")]
    Randomness,
    /// The file that the account is kept in cannot be read, or is of another version of the simulator.
    #[error("cannot read {}; remove it to begin anew", path.display())]
    Data {
        /// The file asked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running simulator. Dropped without [`Simulator::shutdown`], it stops by itself a little later.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<std::io::Result<()>>>,
    keeper: Option<JoinHandle<std::io::Result<()>>>,
}

impl Simulator {
    /// Starts a simulator with what its file has, or with nothing. Needs a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened on, or the system refuses something else that is needed.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| StartError::Listen { address: config.listen, source })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;
        // Webhooks go to this machine: no proxy, and a redirect is no 2xx.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let seed = match config.seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 8];
                rand::fill(&mut bytes).map_err(|_| StartError::Randomness)?;
                u64::from_be_bytes(bytes)
            }
        };
        let kept = config
            .data_file
            .as_deref()
            .map(|path| data_file::read(path).map_err(|source| StartError::Data { path: path.to_owned(), source }));
        let state = kept.transpose()?.flatten().unwrap_or_else(|| State::new(seed));
        let state = State { address: format!("http://{address}"), ..state };
        let shared = Shared::new(config, state, client);
        // What was not told of before is told of now.
        shared.locked(|_| ());
        let router = server::router(Arc::clone(&shared));
        let stopping = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async move { stopping.stopped().await });
            served.await
        });
        let keeper = tokio::spawn(data_file::keep(Arc::clone(&shared)));
        Ok(Self { address, shared, server: Some(server), keeper: Some(keeper) })
    }

    /// Where it answers, `http://127.0.0.1:port`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Stops listening and sending, and waits until the calls under way are answered.
    ///
    /// # Errors
    /// The server failed while it ran, or the account could not be kept.
    pub async fn shutdown(mut self) -> std::io::Result<()> {
        self.shared.stop();
        for task in [self.server.take(), self.keeper.take()].into_iter().flatten() {
            task.await.map_err(std::io::Error::other)??;
        }
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop();
    }
}
