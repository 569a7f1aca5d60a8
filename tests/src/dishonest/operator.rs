//! The operator: the real server on a folder, and what somebody who holds the log's key can make of that folder.

#![allow(clippy::missing_panics_doc, reason = "it is a test's: whatever does not work ends it")]

use crate::listener::token;
use clap::Parser;
use delistening_ingest::config::ServeOptions;
use delistening_ingest::export::{Format, Remote, ranges};
use delistening_ingest::journal::{self, Journal, Record};
use delistening_ingest::{outbound, server};
use delistening_schema::audit::{Auditor, CheckedLine, Report};
use delistening_schema::ledger::LogKey;
use reqwest::Client;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What has to be there for a server to go on with a log.
const KEYS: [&str; 2] = ["log-key.json", "dev-issuer.json"];
const SEGMENTS: journal::Options = journal::Options { segment_bytes: 1024 * 1024, archive: None };

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    serve: ServeOptions,
}

/// A running server.
pub struct Operator {
    /// Its base URL.
    pub url: String,
    /// The log's verifier key.
    pub key: LogKey,
    folder: TempDir,
    client: Client,
    end: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Operator {
    /// A new log under new keys.
    pub async fn begin(client: &Client) -> Self {
        Self::serve(client, tempfile::tempdir().expect("a folder")).await
    }

    /// The log of `records` under the keys in `keys`, as if it had never been another.
    pub async fn forge(client: &Client, keys: &Path, records: &[Record]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in KEYS {
            std::fs::copy(keys.join(name), folder.path().join(name)).expect("a key is copied");
        }
        let journal = folder.path().join("journal");
        let (_, mut writer) = Journal::open(&journal, &SEGMENTS, 0).expect("a journal begins");
        writer.append(records).expect("records are written");
        drop(writer);
        Self::serve(client, folder).await
    }

    async fn serve(client: &Client, folder: TempDir) -> Self {
        let data = folder.path().to_str().expect("a plain path");
        let options = ["serve", "--dev", "--data", data, "--listen", "127.0.0.1:0", "--verdicts-after", "0"];
        let config = Options::parse_from(options).serve.check().expect("the options are good");
        let (told, address) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let listening = |address| {
                // Whoever waits for it is there.
                let _ = told.send(address);
            };
            server::run(config, listening, async { drop(ended.await) }).await.expect("the server runs");
        });
        let url = format!("http://{}", address.await.expect("the server starts"));
        let vkey = get(client, &format!("{url}/log/vkey")).await;
        let key = LogKey::parse(vkey.trim()).expect("the server tells its key");
        Self { url, key, folder, client: client.clone(), end, running }
    }

    /// Ends the server; gives its folder.
    pub async fn end(self) -> TempDir {
        drop(self.end);
        self.running.await.expect("the server ends well");
        self.folder
    }

    /// A token, as anybody on this machine gets it.
    pub async fn token(&self, wanted: &Value) -> String {
        token(&self.client, &self.url, wanted).await
    }

    /// The export of the entries from `from` on, line by line.
    pub async fn export(&self, from: u64) -> Vec<String> {
        let token = self.token(&json!({ "scope": "export:read" })).await;
        let remote = Remote::new(&self.url, token).expect("a good URL");
        let size = remote.size().await.expect("the log has a size");
        let mut bytes = Vec::new();
        // A shorter log than that of before has nothing to go on with.
        for (begin, end) in ranges(from.min(size), size) {
            remote.fetch(begin, end, Format::Ndjson, &mut bytes).await.expect("the export arrives");
        }
        String::from_utf8(bytes).expect("an export is text").lines().map(str::to_owned).collect()
    }

    /// Waits until the export holds what `find` finds.
    pub async fn until(&self, find: impl Fn(&[String]) -> bool) {
        // The log tells nobody when it grows; a run that never gets there fails here.
        for _ in 0..1_000 {
            if find(&self.export(0).await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server did not enter what it should");
    }
}

/// A client for servers on this machine.
pub fn client() -> Client {
    outbound::client().no_proxy().build().expect("a plain client")
}

/// Every record in a folder that no server holds.
pub fn records(folder: &Path) -> Vec<Record> {
    let (journal, writer) = Journal::open(&folder.join("journal"), &SEGMENTS, 0).expect("the journal opens");
    let mut reader = journal.reader(0);
    let next = || reader.next_below(writer.next()).expect("the journal is whole");
    std::iter::from_fn(next).map(|(_, record)| record).collect()
}

/// An audit of an export.
pub fn audit(key: &LogKey, lines: &[String]) -> Report {
    let mut auditor = Auditor::new(key.clone());
    for line in lines {
        auditor.take(CheckedLine::check(line));
    }
    auditor.finish()
}

async fn get(client: &Client, url: &str) -> String {
    let answer = client.get(url).send().await.expect("the server answers");
    answer.text().await.expect("the answer arrives")
}
