//! How the server is run: settings, certificates, restarts, backups, and what it tells those who watch it.

mod backups;
mod folders;
mod otlp;
mod restarts;
mod settings;
mod tls;
mod watched;
mod world;

use delistening_tests::wait::until;
use std::process::Command;
use tokio::runtime::Runtime;

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
