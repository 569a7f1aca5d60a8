//! Operations: alive, ready, metrics.

use super::App;
use super::problem::Refusal;
use crate::metrics::Present;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use delistening_schema::ledger::Checkpoint;
use delistening_schema::problem::{Code, Problem};
use rustix::fs::statvfs;
use std::sync::Arc;

/// The process answers.
pub async fn health() -> &'static str {
    "ok\n"
}

/// The process takes batches.
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Refusal> {
    if app.log.committer().is_stopped() {
        let detail = "intake is closed because what is on disk is in doubt; restart the server";
        return Err(Problem::new(Code::StorageUnavailable, detail).retry_after(60).into());
    }
    if *app.ending.borrow() {
        return Err(Problem::new(Code::Overloaded, "the server is ending").retry_after(5).into());
    }
    Ok("ready\n")
}

/// Prometheus text.
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let newest = app.witnessed.as_ref().map(|witnessed| witnessed.newest().unwrap_or_default());
    let present = Present {
        log_size: app.log.size(),
        projected: app.projection.projected(),
        loaded: app.store.loaded().unwrap_or_default(),
        // Before the first round it is nothing.
        witnessed: newest.map(|note| Checkpoint::unverified(&note).map_or(0, |checkpoint| checkpoint.size)),
        body_bytes: app.bodies.taken(),
        stopped: app.log.committer().is_stopped(),
        disk: statvfs(&app.data)
            .ok()
            .map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)),
    };
    let text = app.metrics.encode(present);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
