//! `GET /openapi.json`: what there is, with the schemas of the contract and the limits in force.

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
    let problem = json!({
        "description": "a problem document (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } },
    });
    let json_body = |name: &str| {
        let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{name}") } });
        json!({ "content": { "application/json": schema, "text/plain": schema }, "required": true })
    };
    let answers = |description: &str, content: Value| json!({ "200": { "description": description, "content": content }, "default": problem });
    let counts = answers(
        "counts of plays; with bucket, a series",
        json!({ "application/json": { "schema": { "anyOf": [
            { "$ref": "#/components/schemas/counts" }, { "$ref": "#/components/schemas/series" },
        ] } } }),
    );
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    let bytes = json!({ "application/octet-stream": {} });
    let id = json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]);
    let entry = json!({ "type": "integer", "minimum": 0, "description": "index of an entry" });
    let plays = |extra: &Value| parameters(&[extra, &filters(), &buckets()]);
    let service = json!([{ "service": [] }]);
    let get = |parameters: Value, responses: Value, security: &Value| json!({ "get": { "parameters": parameters, "responses": responses, "security": security } });
    let public = json!([]);
    let by = json!([
        { "name": "by", "in": "query", "required": true, "schema": { "enum": ["track", "artist", "country", "platform", "source"] } },
        { "name": "track", "in": "query", "schema": { "type": "string" },
            "description": "of the plays of this track alone; not with by=track and by=artist" },
        { "name": "artist", "in": "query", "schema": { "type": "string" },
            "description": "of the plays of this artist alone; not with by=track and by=artist" },
    ]);
    let by = parameters(&[&by, &filters(), &pages()]);
    let path = json!([{ "name": "path", "in": "path", "required": true, "schema": { "type": "string" } }]);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Delistening ingest server", "version": env!("CARGO_PKG_VERSION") },
        "paths": {
            "/v1/batches": { "post": {
                "summary": "Takes signed batches; answers each with a receipt, the original receipt, or a problem",
                "parameters": [{ "name": "device", "in": "query", "schema": { "type": "string" },
                    "description": "a routing hint for load balancers; not read by the server" }],
                "requestBody": json_body("ingest-request"),
                "responses": answers("one answer per batch, in order", json!({
                    "application/json": { "schema": { "$ref": "#/components/schemas/ingest-response" } } })),
                "security": [{ "device": [] }, {}],
            } },
            "/v1/plays": get(plays(&public), counts.clone(), &service),
            "/v1/tracks/{id}/plays": get(plays(&id), counts.clone(), &service),
            "/v1/artists/{id}/plays": get(plays(&id), counts, &service),
            "/v1/top": get(by, answers("the most played", json!({ "application/json": { "schema": { "$ref": "#/components/schemas/top" } } })), &service),
            "/v1/live": get(live(), answers(
                "a snapshot, then updates, as server-sent events; over a WebSocket to who asks for one, with the subprotocols \
                 delistening.live.v1 and, from pages, bearer. and the token",
                json!({ "text/event-stream": { "schema": { "$ref": "#/components/schemas/live-frame" } } })), &service),
            "/v1/listeners/{sub}": { "delete": {
                "summary": "Erases everything that was received of a listener, and answers when it is gone; may be repeated",
                "parameters": [{ "name": "sub", "in": "path", "required": true, "schema": { "type": "string" },
                    "description": "the listener, as the `sub` of tokens names them" }],
                "responses": answers("what was erased, and the indexes of the entries that say so", json!({
                    "application/json": { "schema": { "type": "object" } } })),
                "security": service,
            } },
            "/v1/export": get(
                json!([
                    { "name": "from", "in": "query", "schema": entry },
                    { "name": "to", "in": "query", "schema": entry },
                    { "name": "format", "in": "query", "schema": { "enum": ["ndjson", "parquet"], "default": "ndjson" } },
                ]),
                answers("everything that the log commits to, entry by entry", json!({
                    "application/x-ndjson": {}, "application/vnd.apache.parquet": {} })),
                &service),
            "/log/checkpoint": get(public.clone(), answers("C2SP tlog-checkpoint", text.clone()), &public),
            "/log/witnessed": get(public.clone(),
                answers("the newest checkpoint with the cosignatures of enough witnesses", text.clone()), &public),
            "/log/proof/{index}": get(
                json!([{ "name": "index", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 0 } }]),
                answers("C2SP tlog-proof of an entry, in the newest witnessed checkpoint where there are witnesses",
                    text.clone()), &public),
            "/log/vkey": get(public.clone(), answers("the log's verifier key", text.clone()), &public),
            "/log/keys": get(public.clone(), answers("every key that the log has had, and what leads from each to the next",
                json!({ "application/json": { "schema": { "$ref": "#/components/schemas/log-keys" } } })), &public),
            "/log/tile/{path}": get(path, answers("C2SP tlog-tiles tile or entry bundle", bytes), &public),
            "/dashboard/": get(public.clone(), answers("the dashboard", json!({ "text/html": {} })), &public),
            "/healthz": get(public.clone(), answers("the process answers", text.clone()), &public),
            "/readyz": get(public.clone(), answers("the process takes batches", text.clone()), &public),
            "/metrics": get(public.clone(), answers("Prometheus text", text), &public),
        },
        "components": components(),
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

/// What the paths refer to.
fn components() -> Value {
    let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "securitySchemes": {
            "device": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT, scope plays:write, bound by cnf.jkt" },
            "service": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT, scope counts:read, export:read or listeners:erase; or, for counts, that of a share link" },
        },
        "schemas": {
            "ingest-request": schema(include_str!("../../../schema/json/ingest-request.v1.json")),
            "ingest-response": schema(include_str!("../../../schema/json/ingest-response.v1.json")),
            "log-keys": schema(include_str!("../../../schema/json/log-keys.v1.json")),
            "batch": schema(include_str!("../../../schema/json/batch.v1.json")),
            "event": schema(include_str!("../../../schema/json/event.v1.json")),
            "problem": schema(include_str!("../../../schema/json/problem.v1.json")),
            "counts": { "type": "object", "properties": {
                "valid": integer("plays that count"), "short": integer("sessions with too little heard"),
                "muted": integer("sessions played inaudibly"), "suspect": integer("sessions set apart by analysis"),
                "invalid": integer("sessions that contradict themselves"),
                "listeners": integer("different listeners with a play that counts"),
                "heard_ms": integer("media time heard in plays that count"),
            } },
            "live-frame": { "type": "object", "description": "the data of an event, or a text of the WebSocket", "properties": {
                "kind": { "enum": ["snapshot", "update"] },
                "seq": integer("grows with every change; the id of the event"),
                "total": live_counts(),
                "tracks": { "type": "object", "additionalProperties": live_counts() },
                "artists": { "type": "object", "additionalProperties": live_counts() },
            } },
            "series": { "type": "object", "properties": {
                "bucket": { "type": "string" }, "tz": { "type": "string" },
                "from": integer("begin of the range that was counted"), "to": integer("its end"),
                "total": { "$ref": "#/components/schemas/counts" },
                "buckets": { "type": "array", "items": { "allOf": [
                    { "properties": { "from": integer("its begin"), "to": integer("its end") } },
                    { "$ref": "#/components/schemas/counts" },
                ] } },
                "next": next(),
            } },
            "top": { "type": "object", "properties": {
                "items": { "type": "array", "items": { "allOf": [
                    { "properties": { "id": { "type": "string" } } }, { "$ref": "#/components/schemas/counts" },
                ] } },
                "next": next(),
            } },
        },
    })
}

fn integer(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn next() -> Value {
    json!({ "type": "string", "description": "cursor of the next page, if there is one" })
}

fn query(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

fn parameters(lists: &[&Value]) -> Value {
    lists.iter().filter_map(|list| list.as_array()).flatten().cloned().collect()
}

/// Which plays are counted.
fn filters() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!([
        query("from", &integer("milliseconds since 1970, rounded down to a quarter of an hour")),
        query("to", &integer("milliseconds since 1970, rounded down to a quarter of an hour")),
        query("country", &text("ISO 3166-1 alpha-2")),
        query("platform", &text("ios, android, windows …")),
        query("source", &text("what led to the play: album, playlist, search …")),
        query("offline", &json!({ "type": "boolean" })),
    ])
}

fn live_counts() -> Value {
    json!({ "type": "object", "properties": {
        "valid": integer("plays that count"), "not_counted": integer("sessions that do not"),
        "heard_ms": integer("media time heard in plays that count"),
    } })
}

/// What is watched.
fn live() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!([
        query("track", &text("this track alone, and the total")),
        query("artist", &text("this artist alone, and the total")),
        query("total", &json!({ "type": "boolean", "description": "the total alone" })),
        query(
            "since",
            &integer("the number of the last frame that the reader has, to go on from; as Last-Event-ID")
        ),
    ])
}

fn pages() -> Value {
    json!([
        query("limit", &json!({ "type": "integer", "minimum": 1, "maximum": super::counts::MOST_ITEMS })),
        query("cursor", &json!({ "type": "string", "description": "next of the page before" })),
    ])
}

/// How they are counted by time.
fn buckets() -> Value {
    let mut all = json!([
        query("bucket", &json!({ "enum": ["hour", "day", "week", "month"] })),
        query(
            "tz",
            &json!({ "type": "string", "default": "UTC", "description": "name in the IANA database" })
        ),
    ]);
    if let (Some(all), Value::Array(pages)) = (all.as_array_mut(), pages()) {
        all.extend(pages);
    }
    all
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
    }
}
