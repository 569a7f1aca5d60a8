//! The export, for services that hold a token for it.

use super::problem::Refusal;
use super::{App, token};
use crate::export::Lines;
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
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Lines are sent in pieces of about this many bytes.
const PIECE: usize = 64 * 1024;
/// How many pieces wait for a reader at most.
const PIECES: usize = 4;

/// Entries from `from` (0 if absent) up to the one before `to` (the newest if absent).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    from: Option<u64>,
    to: Option<u64>,
}

pub async fn lines(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
) -> Result<Response, Refusal> {
    token::service(&app, &headers, SCOPE_READ_EXPORT)?;
    let Query(Range { from, to }) =
        range.map_err(|rejection| Problem::new(Code::InvalidParameter, rejection.body_text()))?;
    let (from, to) = (from.unwrap_or(0), to.unwrap_or_else(|| app.log.size()));
    let (sender, receiver) = mpsc::channel(PIECES);
    let log = Arc::clone(&app.log);
    // Opening reads the journal and hashes, as everything after it does.
    let opened = tokio::task::spawn_blocking(move || Lines::new(&log, from, to)).await;
    let lines = match opened {
        Ok(Ok(Some(lines))) => lines,
        Ok(Ok(None)) => {
            let detail =
                format!("from must not be above to, nor to above the log's size, {}", app.log.size());
            return Err(Problem::new(Code::InvalidParameter, detail).into());
        }
        _ => return Err(Problem::new(Code::Internal, "the journal cannot be read at the moment").into()),
    };
    tokio::task::spawn_blocking(move || send(lines, &sender));
    let pieces = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Sends until the end, or until nobody reads any more. An error breaks the answer off, so that it is not taken for
/// a whole one.
fn send(lines: Lines, sender: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut piece = Vec::with_capacity(PIECE);
    for line in lines {
        match line {
            Ok(line) => {
                piece.extend_from_slice(line.as_bytes());
                piece.push(b'\n');
            }
            Err(error) => {
                tracing::error!(%error, "an export was broken off");
                let _ = sender.blocking_send(Err(io::Error::other(error)));
                return;
            }
        }
        if piece.len() >= PIECE && sender.blocking_send(Ok(std::mem::take(&mut piece))).is_err() {
            return;
        }
    }
    let _ = sender.blocking_send(Ok(piece));
}
