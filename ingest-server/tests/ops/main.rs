//! How the server is run: settings, certificates, restarts, backups, and what it tells those who watch it.

mod backups;
mod folders;
mod otlp;
mod restarts;
mod settings;
mod tls;
mod watched;
mod world;

use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// The program.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delistening-ingest"));
    command.env("RUST_LOG", "off");
    command
}

fn runtime() -> Runtime {
    // The client wants to know how it would encrypt, also where nothing is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Asks again until there is an answer.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
