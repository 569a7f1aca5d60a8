//! Erasure, for services that hold a token for it.

use super::problem::Refusal;
use super::segment::Segment;
use super::{App, token};
use crate::projection::Erased;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use delistening_schema::limits;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::SCOPE_ERASE;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer may wait for an erasure; it goes on after that.
const WAIT: Duration = Duration::from_mins(1);

/// Erases everything that was received of a listener, and answers when it is gone.
pub async fn erase(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(listener): Segment<String>,
) -> Result<Json<Erased>, Refusal> {
    token::service(&app, &headers, SCOPE_ERASE)?;
    if listener.is_empty() || listener.len() > limits::ID_BYTES {
        let detail = format!("a listener's id has 1 to {} bytes", limits::ID_BYTES);
        return Err(Problem::new(Code::InvalidParameter, detail).into());
    }
    // On its own, so that it goes on when nobody waits any more.
    let erasing = tokio::spawn(async move { app.projection.erase(listener).await });
    let detail = match tokio::time::timeout(WAIT, erasing).await {
        Ok(Ok(Ok(erased))) => return Ok(Json(erased)),
        Ok(Ok(Err(error))) => {
            tracing::error!(%error, "an erasure was not finished");
            "the erasure was not finished; ask for the same again, as often as you like"
        }
        Ok(Err(_)) => "the erasure failed; ask for the same again, as often as you like",
        Err(_) => "the erasure is still under way; ask for the same again to learn when it is done",
    };
    Err(Problem::new(Code::StorageUnavailable, detail).retry_after(10).into())
}
