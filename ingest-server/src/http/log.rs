//! The ledger for everybody: C2SP tlog-tiles v0.1.0.

use super::App;
use super::problem::Refusal;
use crate::witness::Witnessed;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use delistening_schema::api::LogKeys;
use delistening_schema::problem::{Code, Problem};
use std::sync::Arc;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// The checkpoint changes with every commit.
const BRIEFLY: &str = "public, max-age=1";
/// Tiles never change.
const FOREVER: &str = "public, max-age=31536000, immutable";

pub async fn checkpoint(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, BRIEFLY)], app.log.checkpoint()).into_response()
}

/// The newest checkpoint that enough witnesses have cosigned.
pub async fn witnessed(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let note = app.witnessed.as_ref().and_then(Witnessed::newest).ok_or_else(|| {
        Problem::new(Code::NotFound, "no checkpoint is cosigned by enough witnesses; see /log/checkpoint")
    })?;
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, BRIEFLY)], note).into_response())
}

/// The proof of one entry (C2SP tlog-proof) in the newest witnessed checkpoint or, without witnesses, in the newest.
pub async fn proof(State(app): State<Arc<App>>, Path(index): Path<u64>) -> Result<Response, Refusal> {
    let prove = move || {
        let checkpoint = match &app.witnessed {
            Some(witnessed) => witnessed.newest(),
            None => Some(app.log.checkpoint()),
        };
        checkpoint.map_or(Ok(None), |checkpoint| app.log.proof(index, &checkpoint))
    };
    match tokio::task::spawn_blocking(prove).await {
        Ok(Ok(Some(proof))) => {
            Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, BRIEFLY)], proof.to_string()).into_response())
        }
        Ok(Ok(None)) => {
            let detail = "the entry is in no checkpoint yet that enough have signed; ask again later";
            Err(Problem::new(Code::NotFound, detail).into())
        }
        _ => Err(Problem::new(Code::Internal, "the proof cannot be made at the moment").into()),
    }
}

/// The log's key, for those who do not pin it.
pub async fn vkey(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, BRIEFLY)], app.log.vkey() + "\n").into_response()
}

/// Every key that the log has had, and what leads from each to the next.
pub async fn keys(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match tokio::task::spawn_blocking(move || app.log.keys()).await {
        Ok(Ok((keys, proofs))) => {
            let handovers = proofs.iter().map(ToString::to_string).collect();
            Ok(([(CACHE_CONTROL, BRIEFLY)], Json(LogKeys { keys, handovers })).into_response())
        }
        _ => Err(Problem::new(Code::Internal, "the proofs cannot be made at the moment").into()),
    }
}

pub async fn tile(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<Response, Refusal> {
    let Some(tile) = TilePath::parse(&path) else {
        let detail = "a tile's path is <level>/<index>[.p/<width>] or entries/<index>[.p/<width>]";
        return Err(Problem::new(Code::NotFound, detail).into());
    };
    let read = move || match tile.level {
        Some(level) => app.log.tile(level, tile.index, tile.width),
        None => app.log.entries(tile.index, tile.width),
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(Some(bytes))) => Ok(([(CONTENT_TYPE, BYTES), (CACHE_CONTROL, FOREVER)], bytes).into_response()),
        Ok(Ok(None)) => {
            Err(Problem::new(Code::NotFound, "the log is not that large yet; see /log/checkpoint").into())
        }
        _ => Err(Problem::new(Code::Internal, "the tile cannot be read at the moment").into()),
    }
}

/// `<L>/<N>[.p/<W>]`, where `<N>` is in groups of three digits, all but the last marked with `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TilePath {
    /// The level; `None` for an entry bundle.
    level: Option<usize>,
    index: u64,
    width: u64,
}

impl TilePath {
    fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => None,
            digits => Some(plain(digits).filter(|&level| level <= 63)?.try_into().ok()?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, plain(width).filter(|width| (1..=255).contains(width))?),
            None => (rest, crate::ledger::TILE_WIDTH),
        };
        let mut number: u64 = 0;
        let parts: Vec<&str> = index.split('/').collect();
        for (place, part) in parts.iter().enumerate() {
            let digits = if place + 1 < parts.len() { part.strip_prefix('x')? } else { part };
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        // A path has no more groups than it needs.
        (parts.len() == 1 || parts[0] != "x000").then_some(Self { level, index: number, width })
    }
}

/// A decimal without leading zeroes.
fn plain(digits: &str) -> Option<u64> {
    let plain = digits == "0" || !digits.starts_with('0');
    (plain && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |level, index, width| Some(TilePath { level, index, width });
        for (path, expected) in [
            ("0/000", tile(Some(0), 0, 256)),
            ("0/x001/x234/067", tile(Some(0), 1_234_067, 256)),
            ("63/005.p/255", tile(Some(63), 5, 255)),
            ("entries/x001/000.p/1", tile(None, 1000, 1)),
            ("64/000", None),
            ("00/000", None),
            ("0/00", None),
            ("0/x000/001", None),
            ("0/001/002", None),
            ("0/000.p/0", None),
            ("0/000.p/256", None),
            ("0/000.p/01", None),
            ("0/", None),
            ("x", None),
            ("-1/000", None),
        ] {
            assert_eq!(TilePath::parse(path), expected, "{path}");
        }
    }
}
