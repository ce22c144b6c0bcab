//! Databases that are not there, each in its own way.

use async_trait::async_trait;
use domain::error::Result;
use store::{DatabaseCredentials, DatabaseTarget, Db};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

struct Fixed(DatabaseTarget);

#[async_trait]
impl DatabaseCredentials for Fixed {
    async fn current(&self) -> Result<DatabaseTarget> {
        Ok(self.0.clone())
    }

    async fn refused(&self) {}
}

/// The database at this place, with a pool of the size that functions have.
pub fn database_at(target: DatabaseTarget) -> Db {
    Db::new(std::sync::Arc::new(Fixed(target)), 2)
}

/// A database whose port nobody listens on.
pub fn refusing(target: DatabaseTarget) -> Db {
    database_at(DatabaseTarget { port: 1, ..target })
}

/// A database that takes connections and never says a word, for as long as the task lives.
pub async fn silent(target: DatabaseTarget) -> (Db, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    (database_at(DatabaseTarget { host: "127.0.0.1".to_owned(), port, ..target }), task)
}
