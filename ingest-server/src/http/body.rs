//! Reads a body: of the right type, bounded in size, time and memory before anything is made of it.

use super::App;
use super::connections::Connection;
use super::problem::Refusal;
use crate::config::Bounds;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use delistening_schema::limits;
use delistening_schema::problem::{Code, Problem};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The time over which a body's rate is taken.
const WINDOW: Duration = Duration::from_secs(5);

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// A body as it arrived.
#[derive(Debug)]
pub struct Received {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it takes of the memory for bodies.
    pub share: Share,
}

/// Reads a JSON body sent as `application/json` or `text/plain`. What is too much is refused before it is read.
pub async fn read(
    app: &App,
    connection: &Connection,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, Refusal> {
    let content = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let media = content.split(';').next().unwrap_or_default().trim();
    if !["application/json", "text/plain"].iter().any(|accepted| media.eq_ignore_ascii_case(accepted)) {
        let detail = "send the body as application/json or text/plain";
        return Err(Problem::new(Code::UnsupportedMediaType, detail).into());
    }
    let encoding = match text(headers, header::CONTENT_ENCODING).unwrap_or("identity") {
        encoding if encoding.eq_ignore_ascii_case("identity") => Encoding::Identity,
        encoding if encoding.eq_ignore_ascii_case("gzip") => Encoding::Gzip,
        encoding if encoding.eq_ignore_ascii_case("zstd") => Encoding::Zstd,
        _ => {
            let detail = "send the body as it is, or encoded with gzip or zstd";
            return Err(Problem::new(Code::UnsupportedEncoding, detail).into());
        }
    };
    let announced = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits::REQUEST_BYTES) {
        return Err(too_large().into());
    }
    if app.bodies.is_full() {
        return Err(no_memory().into());
    }
    connection.waits();
    let mut share = app.bodies.share();
    let bytes = collect(&app.bounds, &mut share, body).await;
    connection.works();
    Ok(Received { encoding, bytes: bytes?, share })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

pub(super) fn too_large() -> Problem {
    let most = limits::REQUEST_BYTES;
    Problem::new(Code::TooLarge, format!("a request may have at most {most} bytes; send fewer batches"))
}

pub(super) fn no_memory() -> Problem {
    Problem::new(Code::Overloaded, "too many requests are under way; send the same again later")
        .retry_after(2)
}

async fn collect(bounds: &Bounds, share: &mut Share, mut body: Body) -> Result<Bytes, Problem> {
    let mut pace = Pace::new(bounds);
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    loop {
        let frame = match tokio::time::timeout_at(pace.next().into(), body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => {
                let detail = format!("the body did not arrive whole: {error}");
                return Err(Problem::new(Code::MalformedRequest, detail));
            }
            Err(_) => {
                pace.check()?;
                continue;
            }
        };
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        if share.bytes + data.len() > limits::REQUEST_BYTES {
            return Err(too_large());
        }
        share.grow(data.len()).map_err(|Full| no_memory())?;
        pace.arrived += data.len();
        // Most bodies are one piece, which is kept as it is.
        if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.into() })
}

/// How fast a body arrives.
struct Pace {
    begin: Instant,
    whole: Duration,
    least: u64,
    window: Instant,
    /// Bytes that arrived in this window.
    arrived: usize,
}

impl Pace {
    fn new(bounds: &Bounds) -> Self {
        let now = Instant::now();
        let least = u64::from(bounds.body_rate) * WINDOW.as_secs();
        Self { begin: now, whole: bounds.body_timeout, least, window: now, arrived: 0 }
    }

    /// When the pace is checked next.
    fn next(&self) -> Instant {
        (self.window + WINDOW).min(self.begin + self.whole)
    }

    /// Whether to wait for more.
    fn check(&mut self) -> Result<(), Problem> {
        let now = Instant::now();
        if now < self.begin + self.whole && self.arrived as u64 >= self.least {
            (self.window, self.arrived) = (now, 0);
            return Ok(());
        }
        let detail = format!(
            "the body did not arrive within {} s, or slower than {} bytes/s; send it again",
            self.whole.as_secs(),
            self.least / WINDOW.as_secs()
        );
        Err(Problem::new(Code::RequestTimeout, detail).retry_after(1))
    }
}

/// The memory for all bodies under way.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    most: usize,
    taken: AtomicUsize,
}

/// There is no memory left for bodies.
#[derive(Debug)]
pub struct Full;

impl Bodies {
    /// `most` bytes.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Pool { most, taken: AtomicUsize::new(0) }))
    }

    /// Bytes in use.
    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    fn is_full(&self) -> bool {
        self.taken() >= self.0.most
    }

    fn share(&self) -> Share {
        Share { pool: Arc::clone(&self.0), bytes: 0 }
    }
}

/// What one request takes of the memory for bodies; given back when dropped.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    bytes: usize,
}

impl Share {
    /// Takes `more` bytes.
    pub fn grow(&mut self, more: usize) -> Result<(), Full> {
        let Pool { most, taken } = &*self.pool;
        if taken.fetch_add(more, Ordering::Relaxed) + more > *most {
            taken.fetch_sub(more, Ordering::Relaxed);
            return Err(Full);
        }
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let bodies = Bodies::new(100);
        let (mut one, mut two) = (bodies.share(), bodies.share());
        one.grow(60).unwrap();
        assert!(two.grow(41).is_err());
        two.grow(40).unwrap();
        assert!(bodies.is_full());
        drop(one);
        assert_eq!(bodies.taken(), 40);
        two.grow(60).unwrap();
        drop(two);
        assert_eq!(bodies.taken(), 0);
    }
}
