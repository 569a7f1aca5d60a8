//! `serve`.

use super::CommandResult;
use super::settings::Sources;
use crate::config::{Config, ConfigError, ServeOptions};
use crate::{server, socket, telemetry};
use clap::Args;
use sd_notify::NotifyState;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const DEV_BANNER: &str = "\
*** DEVELOPMENT MODE ***
This server mints tokens for anyone on this machine (POST /dev/token). It listens on loopback only.
Never put it behind a proxy or a tunnel.";

/// `serve`: the server's settings, and where to find them.
#[derive(Args, Debug)]
pub(super) struct ServeLine {
    /// A file (TOML) with any of the settings that have an environment variable, under the names of their flags:
    /// `listen = "0.0.0.0:8787"`. Flags win over environment variables, and those over the file
    #[arg(long, env = "DELISTENING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Say what each setting is and where it comes from, and whether all is good; touch nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    options: ServeOptions,
}

impl ServeLine {
    /// Runs the server until SIGTERM or SIGINT. `listed` are the settings in words.
    pub fn run(self, sources: &Sources, listed: &str) -> CommandResult {
        let place = |error: ConfigError| {
            let place = error.setting().map(|setting| sources.place(setting));
            format!("{error}{}", place.unwrap_or_default())
        };
        if self.check {
            print!("{listed}");
            self.options.try_out().map_err(place)?;
            println!("the settings are good");
            return Ok(());
        }
        let inherited = socket::inherited().map_err(|error| format!("LISTEN_FDS: {error}"))?;
        let runtime = runtime()?;
        let running = telemetry::start(self.options.telemetry.check().map_err(place)?, runtime.handle())?;
        let dev = self.options.dev;
        let config = Config { inherited, ..self.options.check().map_err(place)? };
        if dev {
            eprintln!("{DEV_BANNER}");
        }
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let served = runtime.block_on(async {
            let end = ended()?;
            // Scripts wait for this line.
            let listening = |address| {
                println!("listening on {scheme}://{address}");
                tell_manager(NotifyState::Ready);
            };
            server::run(config, listening, end).await?;
            Ok(())
        });
        running.end();
        served
    }
}

fn runtime() -> io::Result<Runtime> {
    let (workers, started) = (thread::available_parallelism().map_or(1, usize::from), AtomicUsize::new(0));
    // The runtime starts its workers first; what comes after is for work that blocks. `top -H` tells them apart.
    let name = move || if started.fetch_add(1, Relaxed) < workers { "async" } else { "blocking" }.to_owned();
    Builder::new_multi_thread().worker_threads(workers).thread_name_fn(name).enable_all().build()
}

/// Tells the service manager, if there is one that wants to know (`sd_notify(3)`).
fn tell_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// What happens goes to stderr; `RUST_LOG` says how much of it.
pub(super) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(io::stderr).init();
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
