//! `GET /openapi.json`: what there is, with the schemas of the contract and the limits in force.

mod parameters;
mod paths;
mod schemas;

use super::App;
use crate::config::Bounds;
use axum::Json;
use axum::extract::State;
use delistening_schema::limits;
use delistening_schema::problem::Code;
use serde_json::{Value, json};
use std::sync::Arc;

/// The document (OpenAPI 3.1, whose schemas are JSON Schema 2020-12).
pub async fn document(State(app): State<Arc<App>>) -> Json<Value> {
    Json(describe(&app.bounds))
}

fn describe(bounds: &Bounds) -> Value {
    let mut paths = paths::of_plays();
    paths.extend(paths::of_the_log());
    paths.extend(paths::of_operations());
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Delistening ingest server", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": schemas::components(),
        "x-limits": {
            "batch_bytes": limits::BATCH_BYTES, "batch_events": limits::BATCH_EVENTS,
            "request_bytes": limits::REQUEST_BYTES, "request_batches": limits::REQUEST_BATCHES,
            "token_bytes": limits::TOKEN_BYTES, "token_life_s": limits::TOKEN_LIFE_S,
            "device_requests_per_s": bounds.device_rate, "network_requests_per_s": bounds.network_rate,
            "connections": bounds.connections, "idle_timeout_s": bounds.idle_timeout.as_secs(),
            "body_timeout_s": bounds.body_timeout.as_secs(), "body_bytes_per_s": bounds.body_rate,
        },
        "x-problems": Code::ALL.iter().map(|code| json!({
            "code": code, "status": code.status(), "action": code.action(), "title": code.title(),
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = describe(&crate::config::BoundsOptions::default().check().unwrap());
        let text = document.to_string();
        for reference in text.split(r##""#/components/schemas/"##).skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
        for name in ["ingest-request", "ingest-response", "batch", "event", "problem"] {
            assert!(document["components"]["schemas"][name]["title"].is_string(), "{name}");
        }
        assert!(!text.contains("$defs"), "which would not be where references lead");
    }
}
