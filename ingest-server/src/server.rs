//! Puts the parts together and runs them until told to end.

use crate::auth::{Authority, Keyring, KeyringError};
use crate::commit::{Hold, Log, OpenError};
use crate::config::{Config, Tls};
use crate::http::{self, App, Bodies, Connections, DevIssuer, Drain, RateLimit};
use crate::intake::Workers;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::outbound;
use crate::projection::{self, Projection};
use crate::socket::Socket;
use crate::store::clickhouse::{ClickHouseStore, Connection};
use crate::store::{SqliteStore, Store, StoreError};
use crate::witness::Witnessed;
use delistening_schema::analysis::Analysis;
use delistening_schema::key::KnownKeys;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};

/// How long requests under way may take once the server is to end.
const DRAIN: Duration = Duration::from_secs(15);

/// How often to look whether the folder is free.
const AGAIN: Duration = Duration::from_millis(20);

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys of an issuer cannot be had.
    #[error(transparent)]
    Issuers(#[from] KeyringError),
    /// The log cannot be followed.
    #[error(transparent)]
    Projection(#[from] projection::StartError),
    /// The address cannot be listened on.
    #[error("--listen {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// Serving failed.
    #[error("the server ended: {0}")]
    Serve(#[from] io::Error),
}

/// Opens everything, tells `listening` the address, and serves until `end` resolves; then answers what is under
/// way and closes the log.
pub async fn run(
    config: Config,
    listening: impl FnOnce(SocketAddr),
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let Config {
        data,
        listen,
        signers,
        audience,
        issuers,
        issuer_sources,
        issuers_every,
        allow_origins,
        witnesses,
        verdicts_after,
        clickhouse,
        enrichers,
        analysis,
        tls,
        inherited,
        restart,
        bounds,
        log,
        dev,
        dashboard,
        www,
    } = config;
    // From here on nobody is refused: who connects now waits until everything is open.
    let socket =
        Socket::open(inherited, listen).map_err(|error| ServerError::Listen { address: listen, error })?;
    let client = outbound::client().build().map_err(io::Error::other)?;
    let keyring = Keyring::open(issuers, issuer_sources, client, data.join("issuers")).await?;
    let keyring = Arc::new(keyring);
    let hold = hold(&data, restart.wait_for_folder).await?;
    let log = Arc::new(Log::open_held(hold, signers, &log)?);
    let clickhouse = match clickhouse {
        Some(connection) => {
            Some(Arc::new(open_clickhouse(connection, &log, &data, Arc::clone(&analysis)).await?))
        }
        None => None,
    };
    let store: Arc<dyn Store> = match &clickhouse {
        Some(store) => Arc::clone(store) as Arc<dyn Store>,
        None => Arc::new(SqliteStore::open(&data.join("plays.sqlite"))?),
    };
    let live = {
        let store = Arc::clone(&store);
        // Stores block.
        Arc::new(tokio::task::spawn_blocking(move || Live::open(&*store)).await.map_err(io::Error::other)??)
    };
    if let Some(store) = clickhouse {
        store.start();
    }
    tokio::spawn(Arc::clone(&live).tell());
    let following = projection::Options { verdicts_after, analysis };
    let projection =
        Projection::start(Arc::clone(&log), Arc::clone(&store), Arc::clone(&live), &data, following)?;
    let witnessed =
        witnesses.map(|(policy, submissions)| Witnessed::start(Arc::clone(&log), policy, submissions));
    let (ended, ending) = watch::channel(false);
    let metrics = Metrics::default();
    let renewed = metrics.issuer_keys();
    let app = Arc::new(App {
        data: data.clone(),
        authority: Authority::new(audience, Arc::clone(&keyring)),
        projection,
        enrichers,
        witnessed,
        live,
        metrics,
        device_rate: bounds.device_rate.map(RateLimit::new),
        network_rate: bounds.network_rate.map(RateLimit::new),
        bodies: Bodies::new(bounds.body_memory),
        keys: KnownKeys::default(),
        workers: Workers::start()?,
        live_places: Arc::new(Semaphore::new(bounds.live_readers as usize)),
        bounds,
        ending: ending.clone(),
        dev: dev.map(|(issuer, key)| DevIssuer { issuer, key }),
        store,
        log: Arc::clone(&log),
    });
    renew_on_hangup(Arc::clone(&keyring), tls.clone())?;
    tokio::spawn(async move { keyring.keep_fresh(issuers_every, renewed).await });
    listening(socket.address()?);
    tokio::spawn(async move {
        end.await;
        tracing::info!("ending: answering what is under way");
        ended.send_replace(true);
    });
    let router = http::router(Arc::clone(&app), &allow_origins, dashboard, www);
    if !Connections::new(app, router, tls)
        .serve(socket, ending, Drain { delay: restart.drain_delay, most: DRAIN })
        .await
    {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}

/// Has issuers' keys and the certificate read again on SIGHUP.
fn renew_on_hangup(keyring: Arc<Keyring>, certificate: Option<Tls>) -> io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            keyring.ask();
            if let Some(Err(error)) = certificate.as_ref().map(Tls::renew) {
                tracing::error!(%error, "the certificate cannot be read again: the one before stays in use");
            }
        }
    });
    Ok(())
}

/// Takes the folder, as soon as no other process holds it; gives up after `patience`.
async fn hold(data: &Path, patience: Duration) -> Result<Hold, OpenError> {
    let begin = Instant::now();
    let mut told = false;
    loop {
        match Hold::take(data) {
            Err(OpenError::Held(_)) if begin.elapsed() < patience => {}
            taken => return taken,
        }
        if !told {
            tracing::info!(folder = %data.display(), "another process holds the folder: waiting for it to end");
            told = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Opens the way to ClickHouse. Tables that are not right stop the start; a ClickHouse that is away does not, for plays
/// are made durable and judged without it.
async fn open_clickhouse(
    connection: Connection,
    log: &Log,
    data: &Path,
    analysis: Arc<Analysis>,
) -> Result<ClickHouseStore, StoreError> {
    let store = ClickHouseStore::open(connection, log.origin(), data, analysis, Handle::current())?;
    match store.check().await {
        Err(error @ StoreError::Drift(_)) => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "ClickHouse does not answer yet; what is to be loaded waits in the data folder");
        }
        Ok(()) => {}
    }
    Ok(store)
}
