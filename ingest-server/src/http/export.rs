//! The export, for services that hold a token for it.

use super::problem::Refusal;
use super::{App, token};
use crate::export::{self, Format, Lines, Range};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::SCOPE_READ_EXPORT;
use futures_util::stream;
use serde::Deserialize;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The answer is sent in pieces of about this many bytes.
const PIECE: usize = 64 * 1024;
/// How many pieces wait for a reader at most.
const PIECES: usize = 4;

/// Entries from `from` (0 if absent) up to the one before `to` (the newest if absent).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    from: Option<u64>,
    to: Option<u64>,
    #[serde(default)]
    format: Format,
}

pub async fn range(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    token::service(&app, &headers, SCOPE_READ_EXPORT)?;
    let Query(Wanted { from, to, format }) =
        wanted.map_err(|rejection| Problem::new(Code::InvalidParameter, rejection.body_text()))?;
    let (from, to) = (from.unwrap_or(0), to.unwrap_or_else(|| app.log.size()));
    let (sender, mut receiver) = mpsc::channel(PIECES);
    let log = Arc::clone(&app.log);
    // Opening reads the journal and hashes, as everything after it does.
    let opened = tokio::task::spawn_blocking(move || Range::new(&log, from, to)).await;
    let range = match opened {
        Ok(Ok(Some(range))) => range,
        Ok(Ok(None)) => {
            let detail =
                format!("from must not be above to, nor to above the log's size, {}", app.log.size());
            return Err(Problem::new(Code::InvalidParameter, detail).into());
        }
        _ => return Err(Problem::new(Code::Internal, "the journal cannot be read at the moment").into()),
    };
    tokio::task::spawn_blocking(move || send(range, format, &sender));
    let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
    let headers = [(CONTENT_TYPE, format.media_type()), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Sends until the end, or until nobody reads any more. An error breaks the answer off, so that it is not taken for
/// a whole one.
fn send(range: Range, format: Format, sender: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let pieces = Pieces(sender.clone());
    let sent = match format {
        Format::Ndjson => send_lines(range.into(), pieces),
        Format::Parquet => {
            let mut out = BufWriter::with_capacity(PIECE, pieces);
            export::write(range, &mut out).map_err(io::Error::other).and_then(|()| out.flush())
        }
    };
    if let Err(error) = sent
        && !sender.is_closed()
    {
        tracing::error!(%error, "an export was broken off");
        let _ = sender.blocking_send(Err(error));
    }
}

fn send_lines(lines: Lines, pieces: Pieces) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE, pieces);
    for line in lines {
        out.write_all(line.map_err(io::Error::other)?.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// What is written is sent.
struct Pieces(mpsc::Sender<io::Result<Vec<u8>>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(bytes.to_vec()));
        sent.map(|()| bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
