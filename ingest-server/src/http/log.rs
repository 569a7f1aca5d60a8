//! The ledger for everybody: C2SP tlog-tiles v0.1.0.

use super::App;
use super::problem::Refusal;
use super::segment::Segment;
use crate::witness::Witnessed;
use axum::Json;
use axum::extract::State;
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
pub async fn proof(State(app): State<Arc<App>>, Segment(index): Segment<u64>) -> Result<Response, Refusal> {
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

pub async fn tile(State(app): State<Arc<App>>, Segment(path): Segment<String>) -> Result<Response, Refusal> {
    let place = path.split_once('/').and_then(|(level, rest)| {
        let level = plain(level).filter(|&level| level <= 63)?;
        Some((usize::try_from(level).ok()?, Place::parse(rest)?))
    });
    let Some((level, Place { index, width })) = place else { return Err(no_such_path()) };
    serve(move || app.log.tile(level, index, width)).await
}

pub async fn bundle(
    State(app): State<Arc<App>>,
    Segment(path): Segment<String>,
) -> Result<Response, Refusal> {
    let Some(Place { index, width }) = Place::parse(&path) else { return Err(no_such_path()) };
    serve(move || app.log.entries(index, width)).await
}

fn no_such_path() -> Refusal {
    let detail = "a tile's path is <level>/<index>[.p/<width>] or entries/<index>[.p/<width>]";
    Problem::new(Code::NotFound, detail).into()
}

async fn serve(
    read: impl FnOnce() -> std::io::Result<Option<Vec<u8>>> + Send + 'static,
) -> Result<Response, Refusal> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(Some(bytes))) => Ok(([(CONTENT_TYPE, BYTES), (CACHE_CONTROL, FOREVER)], bytes).into_response()),
        Ok(Ok(None)) => {
            Err(Problem::new(Code::NotFound, "the log is not that large yet; see /log/checkpoint").into())
        }
        _ => Err(Problem::new(Code::Internal, "the tile cannot be read at the moment").into()),
    }
}

/// `<N>[.p/<W>]`, where `<N>` is in groups of three digits, all but the last marked with `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub index: u64,
    pub width: u64,
}

impl Place {
    pub fn parse(path: &str) -> Option<Self> {
        let (index, width) = match path.split_once(".p/") {
            Some((index, width)) => (index, plain(width).filter(|width| (1..=255).contains(width))?),
            None => (path, crate::ledger::TILE_WIDTH),
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
        (parts.len() == 1 || parts[0] != "x000").then_some(Self { index: number, width })
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
        let place = |index, width| Some(Place { index, width });
        for (path, expected) in [
            ("000", place(0, 256)),
            ("x001/x234/067", place(1_234_067, 256)),
            ("005.p/255", place(5, 255)),
            ("x001/000.p/1", place(1000, 1)),
            ("00", None),
            ("x000/001", None),
            ("001/002", None),
            ("000.p/0", None),
            ("000.p/256", None),
            ("000.p/01", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(Place::parse(path), expected, "{path}");
        }
    }

    #[test]
    fn another_implementation_writes_the_same_paths() {
        for index in [0, 1, 255, 999, 1_000, 999_999, 1_234_067, 4_294_967_295] {
            for width in [1, 2, 255, 256] {
                let theirs = tlog_tiles::Tile::new(8, 0, index, width, false).path();
                let path = theirs.strip_prefix("tile/8/0/").unwrap();
                assert_eq!(Place::parse(path), Some(Place { index, width: width.into() }), "{path}");
            }
        }
    }
}
