//! A server that takes batches, and one who sends them.

use super::program;
use delistening_schema::api::{Answer, IngestRequest, IngestResponse};
use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::process::Server;
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub const AUDIENCE: &str = "https://plays.example";
const ISSUER: &str = "https://issuer.example";

/// What servers of a test have in common.
pub struct World {
    pub folder: TempDir,
    pub issuer: Issuer,
    pub client: Client,
}

/// One who listens, and the device.
pub struct Listener {
    name: String,
    device: Device,
}

impl World {
    pub fn new() -> Self {
        // The client wants to know how it would encrypt, though nothing is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(ISSUER);
        std::fs::write(folder.path().join("jwks.json"), issuer.jwks()).unwrap();
        Self { folder, issuer, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The command that serves the data folder.
    pub fn serve(&self) -> Command {
        self.serve_folder(&self.data())
    }

    pub fn serve_folder(&self, data: &Path) -> Command {
        let mut command = program();
        command.current_dir(&self.folder).args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(data);
        command.args(["--origin", "ops.example/log", "--audience", AUDIENCE, "--issuer", ISSUER]);
        command.args(["--jwks", "jwks.json", "--device-rate", "0", "--verdicts-after", "0"]);
        command
    }

    /// Sends a batch and gives the answer to it, or the status and what was said.
    pub async fn send(&self, url: &str, listener: &Listener, jws: &str) -> Result<Answer, (u16, String)> {
        let token = self.issuer.token(&listener.address(), &listener.device, now_s());
        let request = IngestRequest { token: Some(token), known: None, batches: vec![jws.to_owned()] };
        let body = serde_json::to_string(&request).unwrap();
        let url = format!("{url}/v1/batches");
        let sent = self.client.post(url).header("content-type", "application/json").body(body).send().await;
        let answer = sent.map_err(|error| (0, format!("{error:?}")))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| (status, format!("{error:?}")))?;
        match serde_json::from_str::<IngestResponse>(&text) {
            Ok(mut response) if status == 200 => Ok(response.answers.remove(0)),
            _ => Err((status, text)),
        }
    }

    /// What a path says that needs a service token.
    pub async fn read(&self, url: &str, path: &str, scope: &str) -> String {
        let token = self.issuer.service_token(AUDIENCE, scope, now_s());
        let answer = self.client.get(format!("{url}{path}")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// What a path says to anybody.
    pub async fn public(&self, url: &str, path: &str) -> String {
        self.client.get(format!("{url}{path}")).send().await.unwrap().text().await.unwrap()
    }
}

impl Listener {
    pub fn new(number: u64) -> Self {
        Self { name: format!("listener-{number}"), device: Device::new(number) }
    }

    fn address(&self) -> Address<'_> {
        Address { audience: AUDIENCE, listener: &self.name }
    }

    /// Seals the next batch: one session.
    pub fn play(&mut self) -> String {
        let address = Address { audience: AUDIENCE, listener: &self.name };
        // Whoever plays many at once would be suspect.
        self.device.seal(&address, 6, (now_s() - 3600) * 1000)
    }
}

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Sends a signal to the server's process.
pub fn signal(server: &Server, signal: Signal) {
    kill_process(Pid::from_raw(server.id().cast_signed()).unwrap(), signal).unwrap();
}
