//! Kills a server under load, again and again, and checks after each restart that nothing which was acked is lost and
//! nothing counts twice.
//!
//! A *life* is a data folder with its devices; it is killed many times. After each kill the server is started again on
//! that folder, the devices resend what they have no receipt for, and everything is compared: receipts, the journal as
//! it is exported, and the counts. At the end of a life its whole export is audited.

mod blows;
mod check;
mod listener;
mod random;

pub use check::Violation;
pub use random::Random;

use crate::device::{Address, Issuer};
use crate::process::Server;
use blows::Blow;
use check::Ledgers;
use listener::{Listener, Sent};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// Kills of one folder before the next one is begun.
const KILLS_PER_LIFE: u64 = 10;
const LISTENERS: u64 = 8;
const ORIGIN: &str = "crash.example/log";
const AUDIENCE: &str = "crash";
const ISSUER: &str = "https://issuer.example";
/// How long a server that is whole may take to take everything in.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a campaign.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Kills that were checked.
    pub runs: u64,
    /// Batches that a client saw acked.
    pub acked: u64,
    /// Batches that were acked and are gone.
    pub lost: u64,
    /// Batches or plays that are there twice.
    pub double: u64,
}

/// Why a campaign was broken off.
#[derive(Debug, thiserror::Error)]
#[error("{violation}; the folder is kept at {}", folder.display())]
pub struct BrokenOff {
    /// What was seen.
    pub violation: Violation,
    /// The data folder and the issuer's keys.
    pub folder: PathBuf,
}

/// Kills servers `runs` times. `progress` is told after each kill.
pub async fn campaign(
    server: &Path,
    runs: u64,
    seed: u64,
    mut progress: impl FnMut(&Tally),
) -> Result<Tally, BrokenOff> {
    let mut tally = Tally::default();
    let mut random = Random::new(seed);
    while tally.runs < runs {
        let before = tally;
        let mut life = Life::begin(server, random.fork());
        let lived = life.live(KILLS_PER_LIFE.min(runs - before.runs), |kills, ledgers| {
            tally = Tally {
                runs: before.runs + kills,
                acked: before.acked + ledgers.acked,
                lost: before.lost + ledgers.lost,
                double: before.double + ledgers.double,
            };
            progress(&tally);
        });
        if let Err(violation) = lived.await {
            return Err(BrokenOff { violation, folder: life.folder.keep() });
        }
    }
    Ok(tally)
}

/// A data folder with its devices.
struct Life {
    program: PathBuf,
    folder: TempDir,
    random: Random,
    issuer: Issuer,
    client: reqwest::Client,
    listeners: Vec<Listener>,
    ledgers: Ledgers,
    /// A server that was checked and goes on.
    running: Option<Server>,
}

impl Life {
    /// A new folder.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    fn begin(program: &Path, mut random: Random) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let issuer = Issuer::new(ISSUER);
        std::fs::write(folder.path().join("jwks.json"), issuer.jwks()).expect("room for a file");
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).timeout(PATIENCE).build();
        let client = client.expect("a plain client");
        let first = random.next() >> 16;
        let listeners =
            (first..first + LISTENERS).map(|number| Listener::new(number, random.fork())).collect();
        Self {
            program: program.to_owned(),
            folder,
            random,
            issuer,
            client,
            listeners,
            ledgers: Ledgers::default(),
            running: None,
        }
    }

    /// Is killed `kills` times, and audited at the end.
    async fn live(&mut self, kills: u64, mut after: impl FnMut(u64, &Ledgers)) -> Result<(), Violation> {
        for kill in 1..=kills {
            self.run().await?;
            after(kill, &self.ledgers);
        }
        match &self.running {
            Some(server) => self.ledgers.audit(&self.client, &server.url, &self.issuer).await,
            None => Ok(()),
        }
    }

    fn start(&self, faults: &str) -> std::io::Result<Server> {
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--origin", ORIGIN, "--audience", AUDIENCE])
            .args([
                "--issuer",
                ISSUER,
                "--segment-bytes",
                "65536",
                "--verdicts-after",
                "0",
                "--device-rate",
                "0",
            ])
            .arg("--jwks")
            .arg(self.folder.path().join("jwks.json"))
            .args(["--archive-keep", "2", "--archive-cache", "0"])
            .arg("--archive")
            .arg(format!("file://{}", self.folder.path().join("archive").display()))
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .env("DELISTENING_FAULTS", faults)
            .env("RUST_LOG", "off");
        if !faults.is_empty() {
            command.stderr(std::process::Stdio::null());
        }
        Server::start(&mut command)
    }

    /// Load, a kill, a restart and a check.
    async fn run(&mut self) -> Result<(), Violation> {
        let blow = Blow::choose(&mut self.random);
        let server = match (self.running.take(), blow.faults()) {
            (Some(server), "") => Some(server),
            (running, faults) => {
                drop(running);
                // A fault may keep it from starting; that is a kill as well.
                self.start(faults).ok()
            }
        };
        if let Some(mut server) = server {
            self.load(&server.url, blow.after()).await?;
            server.kill();
        }
        let server = self.start("").map_err(Violation::NoStart)?;
        self.settle(&server.url).await?;
        self.ledgers.compare(&self.client, &server.url, &self.issuer, &self.listeners).await?;
        self.running = Some(server);
        Ok(())
    }

    /// All devices send until the time is over, or the server has gone.
    async fn load(&mut self, url: &str, time: Duration) -> Result<(), Violation> {
        let now = now();
        for listener in &mut self.listeners {
            let address = Address { audience: AUDIENCE, listener: &listener.name };
            listener.token = self.issuer.token(&address, &listener.device, now.as_secs());
        }
        let end = tokio::time::Instant::now() + time;
        let sending = self.listeners.iter_mut().map(|listener| {
            let client = &self.client;
            async move {
                loop {
                    listener.play(AUDIENCE);
                    match tokio::time::timeout_at(end, listener.send(client, url)).await {
                        Ok(Ok(Sent::Answered | Sent::Refused)) => {}
                        Ok(Err(violation)) => return Err(violation),
                        // It has gone, or will at once.
                        Ok(Ok(Sent::Unanswered)) | Err(_) => return Ok(()),
                    }
                }
            }
        });
        futures_util::future::try_join_all(sending).await.map(|_| ())
    }

    /// All devices resend what they have no receipt for, until they have one for each.
    async fn settle(&mut self, url: &str) -> Result<(), Violation> {
        let end = tokio::time::Instant::now() + PATIENCE;
        let sending = self.listeners.iter_mut().map(|listener| {
            let client = &self.client;
            async move {
                while listener.waits() {
                    if listener.send(client, url).await? != Sent::Answered
                        && tokio::time::Instant::now() > end
                    {
                        return Err(Violation::NeverAcked);
                    }
                }
                Ok(())
            }
        });
        futures_util::future::try_join_all(sending).await.map(|_| ())
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
