//! Connections: how many there may be, how long a client may keep one waiting, and who makes room for others.
//!
//! A client that sends or reads too slowly is cut off. Where all places are taken, the clients that have kept the
//! server waiting longest lose theirs, so that those who only hold connections open cannot keep the others out.

use super::App;
use crate::config::{Bounds, Tls};
use crate::socket::Socket;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;
use tracing::Instrument as _;

/// Bytes of a connection's buffer: the longest head of a request, and how much of a body is read at once.
const BUFFER: usize = 32 * 1024;
/// Headers of a request.
const HEADERS: usize = 64;
/// When there is no place left, one in this many connections makes room.
const SHARE: usize = 16;
/// How long to wait after the system has refused a connection, for lack of files or memory.
const PAUSE: Duration = Duration::from_millis(50);

/// How long connections stay open for another request once no new ones are accepted: a connection that is closed at the
/// moment at which a request is sent looks like a failure to the client.
const GRACE: Duration = Duration::from_secs(1);

/// How to end.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// How long to go on accepting connections.
    pub delay: Duration,
    /// How long requests under way may take after that.
    pub most: Duration,
}

/// Accepts connections and serves them.
#[derive(Debug)]
pub struct Connections {
    app: Arc<App>,
    router: Router,
    tls: Option<Tls>,
    most: u32,
    idle_timeout: Duration,
    places: Arc<Semaphore>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// One connection, as its requests see it.
#[derive(Debug)]
pub struct Connection {
    begin: Instant,
    /// Nanoseconds after `begin` since when the client is waited for; zero while the server works.
    waiting: AtomicU64,
    told: Notify,
    ending: AtomicBool,
    cut: AtomicBool,
}

/// An open connection in the list of all; leaves it when dropped.
struct Entry {
    connections: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.open().connections.remove(&self.number);
    }
}

impl Connection {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            waiting: AtomicU64::new(1),
            told: Notify::new(),
            ending: AtomicBool::new(false),
            cut: AtomicBool::new(false),
        }
    }

    /// From now on the client is waited for.
    pub fn waits(&self) {
        let since = u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waiting.store(since.max(1), Ordering::Relaxed);
    }

    /// From now on the server works.
    pub fn works(&self) {
        self.waiting.store(0, Ordering::Relaxed);
    }

    fn waiting_since(&self) -> Option<Instant> {
        match self.waiting.load(Ordering::Relaxed) {
            0 => None,
            since => Some(self.begin + Duration::from_nanos(since)),
        }
    }

    fn tell(&self, what: &AtomicBool) {
        what.store(true, Ordering::Release);
        self.told.notify_one();
    }
}

/// The group of endpoints that a path is in.
fn endpoint(path: &str) -> &'static str {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("v1"), Some("batches")) => "batches",
        (Some("v1"), Some("live")) => "live",
        (Some("v1"), Some("export")) => "export",
        (Some("v1"), Some("listeners")) => "erasure",
        (Some("v1"), _) => "counts",
        (Some("log"), _) => "log",
        (Some("dashboard"), _) => "dashboard",
        _ => "other",
    }
}

impl Connections {
    /// Serves `router` within the bounds of `app`, over TLS if there is a certificate.
    pub fn new(app: Arc<App>, router: Router, tls: Option<Tls>) -> Arc<Self> {
        let Bounds { connections, idle_timeout, .. } = app.bounds;
        let places = Arc::new(Semaphore::new(connections as usize));
        Arc::new(Self { app, router, tls, most: connections, idle_timeout, places, open: Mutex::default() })
    }

    /// Accepts connections until `ending` becomes true, and those that wait then; then lets each finish what it has
    /// begun. False if some did not.
    pub async fn serve(
        self: Arc<Self>,
        socket: Socket,
        mut ending: watch::Receiver<bool>,
        drain: Drain,
    ) -> bool {
        let accepting = async {
            loop {
                let place = self.place().await;
                let (stream, peer) = self.accept(&socket).await;
                let entry = self.enter(place);
                tokio::spawn(Arc::clone(&self).run(stream, peer, entry));
            }
        };
        let told = async {
            // An error means that the sender is gone, which is an end as well.
            let _ = ending.wait_for(|ending| *ending).await;
            tokio::time::sleep(drain.delay).await;
        };
        tokio::select! {
            () = accepting => {}
            () = told => {}
        }
        match socket.close() {
            Ok(waiting) => {
                for (stream, peer) in waiting {
                    let Ok(stream) = TcpStream::from_std(stream) else { continue };
                    let entry = self.enter(self.place().await);
                    tokio::spawn(Arc::clone(&self).run(stream, peer, entry));
                }
            }
            Err(error) => tracing::warn!(%error, "some who had connected cannot be answered"),
        }
        // All places are free when every connection has ended. Who sends another request is told to close by the answer;
        // whoever is idle for longer is closed from here.
        if tokio::time::timeout(GRACE, self.places.acquire_many(self.most)).await.is_ok() {
            return true;
        }
        for connection in self.open().connections.values() {
            connection.tell(&connection.ending);
        }
        tokio::time::timeout(drain.most, self.places.acquire_many(self.most)).await.is_ok()
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        let places = Arc::clone(&self.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return place;
        }
        self.make_room();
        // Those who are told to go, or a request that is done, free one soon.
        places.acquire_owned().await.expect("the places are never closed")
    }

    async fn accept(&self, socket: &Socket) -> (TcpStream, SocketAddr) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        loop {
            match socket.accept().await {
                Ok(accepted) => return accepted,
                // The client has gone away in the meantime.
                Err(error)
                    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted: others make room");
                    self.make_room();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Cuts off those who have kept the server waiting longest.
    fn make_room(&self) {
        let open = self.open();
        let mut waiting: Vec<(Instant, &Arc<Connection>)> = open
            .connections
            .values()
            .filter(|connection| !connection.cut.load(Ordering::Acquire))
            .filter_map(|connection| Some((connection.waiting_since()?, connection)))
            .collect();
        let few = open.connections.len().div_ceil(SHARE).min(waiting.len());
        if few == 0 {
            return;
        }
        waiting.select_nth_unstable_by_key(few - 1, |(since, _)| *since);
        for (_, connection) in &waiting[..few] {
            connection.tell(&connection.cut);
        }
    }

    async fn run(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, entry: Entry) {
        let connection = &entry.connection;
        // Without it the last packet of an answer may wait; where it is refused, it waits.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        // What a reader takes too slowly; reading has time limits of its own.
        stream.set_write_timeout(Some(self.idle_timeout));
        let _counted = self.app.metrics.connection();
        let stream = Box::pin(stream);
        let Some(tls) = &self.tls else { return self.talk(stream, peer, connection).await };
        let handshake = TlsAcceptor::from(tls.config()).accept(stream);
        let handshake = tokio::time::timeout(self.idle_timeout, handshake);
        tokio::select! {
            accepted = handshake => match accepted {
                Ok(Ok(stream)) => self.talk(stream, peer, connection).await,
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => self.app.metrics.closed("timeout"),
            },
            () = connection.told.notified() => {
                if connection.cut.load(Ordering::Acquire) {
                    self.app.metrics.closed("room");
                }
            }
        }
    }

    /// Answers the requests that come over `stream`.
    async fn talk<S>(&self, stream: S, peer: SocketAddr, connection: &Arc<Connection>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request: hyper::Request<Incoming>| {
            connection.works();
            let (connection, mut router) = (Arc::clone(connection), self.router.clone());
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(Arc::clone(&connection));
            let (begin, endpoint) = (Instant::now(), endpoint(request.uri().path()));
            let span = tracing::debug_span!(
                "request",
                otel.kind = "server",
                http.request.method = %request.method(),
                http.route = endpoint,
                http.response.status_code = tracing::field::Empty,
            );
            let metrics = &self.app.metrics;
            async move {
                let mut answer = router.call(request).await;
                connection.waits();
                if let Ok(answer) = &mut answer {
                    // Of an upgrade the header says something else.
                    if *self.app.ending.borrow() && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    let status = answer.status().as_u16();
                    tracing::Span::current().record("http.response.status_code", status);
                    metrics.request(endpoint, status, begin.elapsed());
                }
                answer
            }
            .instrument(span)
        });
        let mut serving = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.idle_timeout)
                .max_buf_size(BUFFER)
                .max_headers(HEADERS)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
        );
        let ended = loop {
            tokio::select! {
                served = serving.as_mut() => break served,
                () = connection.told.notified() => {
                    if connection.cut.load(Ordering::Acquire) {
                        self.app.metrics.closed("room");
                        break Ok(());
                    }
                    serving.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            // A client that goes away is nothing to talk about.
            if error.is_timeout() {
                self.app.metrics.closed("timeout");
            }
            tracing::debug!(%error, "a connection ended");
        }
    }

    fn enter(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Entry {
        let connection = Arc::new(Connection::new());
        let mut open = self.open();
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, Arc::clone(&connection));
        Entry { connections: Arc::clone(self), number, connection, _place: place }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
