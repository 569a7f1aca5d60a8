//! How ClickHouse is reached.

use crate::store::StoreError;
use clickhouse::query::Query;
use clickhouse::{Client, Compression, RowOwned, RowRead};
use std::fmt;
use std::time::Duration;

/// How long ClickHouse may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A text that no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text to itself.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// Where ClickHouse is, and as whom it is asked.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    url: String,
    database: String,
    cluster: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client: _, url, database, cluster } = self;
        formatter
            .debug_struct("Connection")
            .field("url", url)
            .field("database", database)
            .field("cluster", cluster)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection to the HTTP interface at `url` and one database there.
    pub fn new(url: &str, database: &str, user: Option<&str>, password: Option<&Secret>) -> Self {
        let mut client = Client::default().with_url(url).with_database(database);
        if let Some(user) = user {
            client = client.with_user(user);
        }
        if let Some(Secret(password)) = password {
            client = client.with_password(password.as_str());
        }
        let near = ["://127.0.0.1", "://localhost", "://[::1]"].iter().any(|host| url.contains(host));
        // On one machine there is no wire to save.
        client = client.with_compression(if near { Compression::None } else { Compression::Lz4 });
        Self { client, url: url.to_owned(), database: database.to_owned(), cluster: None }
    }

    /// The same with tables that lie on a cluster.
    #[must_use]
    pub fn on_cluster(self, cluster: Option<String>) -> Self {
        Self { cluster, ..self }
    }

    /// The name of the cluster, if tables lie on one.
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement.
    pub async fn execute(&self, statement: &str) -> Result<(), StoreError> {
        // A question mark would be a parameter.
        patiently(self.query(&statement.replace('?', "??")).execute()).await
    }

    /// Asks for one number.
    pub async fn count(&self, question: &str) -> Result<u64, StoreError> {
        patiently(self.query(question).fetch_one()).await
    }

    /// Asks for texts.
    pub async fn texts(&self, question: &str) -> Result<Vec<String>, StoreError> {
        rows(self.query(question)).await
    }

    /// The client.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// A client that needs no database.
    pub(super) fn outside(&self) -> Client {
        self.client.clone().with_database("default")
    }

    pub(super) fn query(&self, text: &str) -> Query {
        self.client.query(text)
    }

    /// The statement's table, where each node of a cluster has its part of it: what to alter.
    pub(super) fn part_of(&self, table: &str) -> String {
        match &self.cluster {
            Some(cluster) => format!("{table}_local ON CLUSTER `{cluster}`"),
            None => table.to_owned(),
        }
    }
}

/// Waits for an answer, but not for ever.
pub(super) async fn patiently<T>(
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::ClickHouse(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// All rows of an answer.
pub(super) async fn rows<T: RowOwned + RowRead>(query: Query) -> Result<Vec<T>, StoreError> {
    patiently(query.fetch_all()).await
}

impl From<clickhouse::error::Error> for StoreError {
    fn from(error: clickhouse::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        // One line: the engine's messages may have a stack trace below.
        Self::ClickHouse(text.lines().next().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let secret = Secret::new("hunter2");
        let connection = Connection::new("http://db:8123", "plays", Some("ingest"), Some(&secret));
        for text in [format!("{secret:?}"), format!("{connection:?}")] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
