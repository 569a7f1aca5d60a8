//! Servers in processes of their own, with journals of their own, that load into one ClickHouse.

mod away;
mod killed;
mod shared;

use delistening_ingest::store::clickhouse::{Connection, migrations};
use delistening_schema::api::{Answer, IngestRequest, IngestResponse};
use delistening_schema::play::Counts;
use delistening_schema::token::{SCOPE_READ_COUNTS, SCOPE_READ_EXPORT};
use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::engine::{Engine, PASSWORD, USER};
use delistening_tests::process::Server;
use delistening_tests::wait::{PATIENCE, until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

const AUDIENCE: &str = "nodes";
const ISSUER: &str = "https://issuer.example";
const DATABASE: &str = "plays";

fn runtime() -> Runtime {
    // Nothing here is encrypted, but the client wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// One who listens, and the device.
struct Listener {
    name: String,
    device: Device,
}

impl Listener {
    fn new(number: u64) -> Self {
        Self { name: format!("listener-{number}"), device: Device::new(number) }
    }

    fn address(&self) -> Address<'_> {
        Address { audience: AUDIENCE, listener: &self.name }
    }
}

/// What all servers of a test have in common.
struct World {
    issuer: Issuer,
    client: reqwest::Client,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(ISSUER);
        std::fs::write(folder.path().join("jwks.json"), issuer.jwks()).unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { issuer, client, folder }
    }

    fn engine(&self) -> PathBuf {
        self.folder.path().join("engine")
    }

    /// Starts an engine with the tables.
    fn start_engine(&self, runtime: &Runtime, port: u16) -> (Engine, Connection) {
        let engine = Engine::start(&self.engine(), port);
        let connection = engine.connection(DATABASE);
        runtime.block_on(migrations::migrate(&connection)).unwrap();
        (engine, connection)
    }

    /// Starts the server whose log is `name`; with an engine's port, it counts there.
    fn start(&self, name: &str, engine: Option<u16>) -> Server {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_delistening-ingest")));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--origin", name, "--audience", AUDIENCE])
            .args(["--issuer", ISSUER, "--verdicts-after", "0", "--device-rate", "0", "--jwks"])
            .arg(self.folder.path().join("jwks.json"))
            .arg("--data")
            .arg(self.folder.path().join(name))
            .env("RUST_LOG", "off");
        if let Some(port) = engine {
            command
                .arg("--clickhouse")
                .arg(format!("http://127.0.0.1:{port}"))
                .args(["--clickhouse-database", DATABASE, "--clickhouse-user", USER])
                .env("DELISTENING_CLICKHOUSE_PASSWORD", PASSWORD);
        }
        Server::start(&mut command).unwrap()
    }

    /// Sends a batch; whether it is acked.
    async fn send(&self, url: &str, listener: &Listener, jws: &str) -> bool {
        let token = self.issuer.token(&listener.address(), &listener.device, now_s());
        let request = IngestRequest { token: Some(token), known: None, batches: vec![jws.to_owned()] };
        let body = serde_json::to_string(&request).unwrap();
        let url = format!("{url}/v1/batches");
        let sent = self.client.post(url).header("content-type", "application/json").body(body).send().await;
        // Whoever was killed does not answer to the end.
        let Ok(answer) = sent else { return false };
        let (status, Ok(text)) = (answer.status(), answer.text().await) else { return false };
        assert_eq!(status, 200, "{text}");
        let response: IngestResponse = serde_json::from_str(&text).unwrap();
        let acked = |answer: &Answer| matches!(answer, Answer::Accepted(_) | Answer::Duplicate(_));
        assert!(response.answers.iter().all(acked), "{text}");
        true
    }

    /// The text at a path that a service may read; `None` while it is not to be had.
    async fn read(&self, url: &str, path: &str) -> Option<String> {
        let scope = if path.starts_with("/v1/export") { SCOPE_READ_EXPORT } else { SCOPE_READ_COUNTS };
        let token = self.issuer.service_token(AUDIENCE, scope, now_s());
        let answer = self.client.get(format!("{url}{path}")).bearer_auth(token).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        // Asked too often, or ClickHouse is away.
        if matches!(status.as_u16(), 429 | 503) {
            return None;
        }
        assert_eq!(status, 200, "{text}");
        Some(text)
    }

    /// The stream of live totals.
    async fn live(&self, url: &str) -> reqwest::Response {
        let token = self.issuer.service_token(AUDIENCE, SCOPE_READ_COUNTS, now_s());
        let answer =
            self.client.get(format!("{url}/v1/live?total=true")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer
    }

    async fn counts(&self, url: &str) -> Option<Counts> {
        self.read(url, "/v1/plays").await.map(|text| serde_json::from_str(&text).unwrap())
    }
}
