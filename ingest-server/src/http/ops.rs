//! Operations: alive, ready, metrics.

use super::App;
use super::problem::Refusal;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use delistening_schema::problem::{Code, Problem};
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
    let stopped = app.log.committer().is_stopped();
    let loaded = app.store.loaded().unwrap_or_default();
    let text =
        app.metrics.encode(app.log.size(), app.projection.projected(), loaded, app.bodies.taken(), stopped);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
