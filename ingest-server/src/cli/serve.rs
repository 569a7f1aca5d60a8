//! `serve`.

use super::CommandResult;
use crate::config::ServeOptions;
use crate::server;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const DEV_BANNER: &str = "\
*** DEVELOPMENT MODE ***
This server mints tokens for anyone on this machine (POST /dev/token). It listens on loopback only.
Never put it behind a proxy or a tunnel.";

/// Runs the server until SIGTERM or SIGINT.
pub fn run(options: ServeOptions) -> CommandResult {
    log_to_stderr();
    let dev = options.dev;
    let config = options.check()?;
    if dev {
        eprintln!("{DEV_BANNER}");
    }
    let (workers, started) = (thread::available_parallelism().map_or(1, usize::from), AtomicUsize::new(0));
    // The runtime starts its workers first; what comes after is for work that blocks. `top -H` tells them apart.
    let name = move || if started.fetch_add(1, Relaxed) < workers { "async" } else { "blocking" }.to_owned();
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(workers).thread_name_fn(name).enable_all().build()?.block_on(async {
        let end = ended()?;
        // Scripts wait for this line.
        server::run(config, |address| println!("listening on http://{address}"), end).await?;
        Ok(())
    })
}

/// What happens goes to stderr; `RUST_LOG` says how much of it.
pub(super) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Resolves with SIGTERM or SIGINT.
pub(super) fn ended() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
