//! What there is, path by path.

use super::parameters::{buckets, filters, list, live, pages, query, segment, whose};
use delistening_schema::problem::Code;
use serde_json::{Map, Value, json};

type Paths = Map<String, Value>;

const SERVICE: &str = "service";

/// Plays: how they come in, how they are counted, and how they go.
pub fn of_plays() -> Paths {
    let id = segment("id", &json!({ "type": "string" }));
    let series = || {
        let either =
            json!([{ "$ref": "#/components/schemas/counts" }, { "$ref": "#/components/schemas/series" }]);
        answers(
            "counts of plays; with bucket, a series",
            &json!({ "application/json": { "schema": { "anyOf": either } } }),
        )
    };
    let kinds = json!({ "enum": ["track", "artist", "country", "platform", "source"] });
    let by = json!([{ "name": "by", "in": "query", "required": true, "schema": kinds }]);
    let who = whose("; with by=track only an artist, with by=artist neither");
    let frames = json!({ "text/event-stream": { "schema": { "$ref": "#/components/schemas/live-frame" } } });
    let entry = json!({ "type": "integer", "minimum": 0, "description": "index of an entry" });
    let format = json!({ "enum": ["ndjson", "parquet"], "default": "ndjson" });
    let range = json!([query("from", &entry), query("to", &entry), query("format", &format)]);
    let tables = json!({ "application/x-ndjson": {}, "application/vnd.apache.parquet": {} });
    let get = |parameters: Value, answers: Value| get(&parameters, &answers, &[SERVICE]);
    let paths = [
        ("/v1/batches", batches()),
        ("/v1/plays", get(list(&[&filters(), &buckets()]), series())),
        ("/v1/tracks/{id}/plays", get(list(&[&id, &filters(), &buckets()]), series())),
        ("/v1/artists/{id}/plays", get(list(&[&id, &filters(), &buckets()]), series())),
        (
            "/v1/tracks/{id}/retention",
            get(
                list(&[&id, &filters()]),
                of("retention", "where in the track people begin, listen and stop"),
            ),
        ),
        (
            "/v1/reasons",
            get(
                list(&[&whose(""), &filters()]),
                of("reasons", "why plays do not count, the most frequent reasons first"),
            ),
        ),
        ("/v1/top", get(list(&[&by, &who, &filters(), &pages()]), of("top", "the most played"))),
        (
            "/v1/live",
            get(
                live(),
                answers(
                    "a snapshot, then updates, as server-sent events; over a WebSocket to who asks for one, with the \
                     subprotocols delistening.live.v1 and, from pages, bearer. and the token",
                    &frames,
                ),
            ),
        ),
        ("/v1/listeners/{sub}", listeners()),
        ("/v1/export", get(range, answers("everything that the log commits to, entry by entry", &tables))),
    ];
    named(paths)
}

fn batches() -> Value {
    let schema = json!({ "schema": { "$ref": "#/components/schemas/ingest-request" } });
    json!({ "post": {
        "summary": "Takes signed batches; answers each with a receipt, the original receipt, or a problem",
        "parameters": [{ "name": "device", "in": "query", "schema": { "type": "string" },
            "description": "a routing hint for load balancers; not read by the server" }],
        "requestBody": { "content": { "application/json": schema, "text/plain": schema }, "required": true },
        "responses": of("ingest-response", "one answer per batch, in order"),
        "security": [{ "device": [] }, {}],
    } })
}

fn listeners() -> Value {
    json!({ "delete": {
        "summary": "Erases everything that was received of a listener, and answers when it is gone; may be repeated",
        "parameters": [{ "name": "sub", "in": "path", "required": true, "schema": { "type": "string" },
            "description": "the listener, as the `sub` of tokens names them" }],
        "responses": answers("what was erased, and the indexes of the entries that say so", &json!({
            "application/json": { "schema": { "type": "object" } } })),
        "security": [{ SERVICE: [] }],
    } })
}

/// The log, as anybody may read it.
pub fn of_the_log() -> Paths {
    let index = segment("index", &json!({ "type": "integer", "minimum": 0 }));
    let path = segment("path", &json!({ "type": "string" }));
    let public = |parameters: &Value, answers: Value| get(parameters, &answers, &[]);
    let none = json!([]);
    named([
        ("/log/checkpoint", public(&none, text("C2SP tlog-checkpoint"))),
        (
            "/log/witnessed",
            public(&none, text("the newest checkpoint with the cosignatures of enough witnesses")),
        ),
        (
            "/log/proof/{index}",
            public(
                &index,
                text(
                    "C2SP tlog-proof of an entry, in the newest witnessed checkpoint where there are witnesses",
                ),
            ),
        ),
        ("/log/vkey", public(&none, text("the log's verifier key"))),
        (
            "/log/keys",
            public(
                &none,
                of("log-keys", "every key that the log has had, and what leads from each to the next"),
            ),
        ),
        (
            "/log/tile/{path}",
            public(
                &path,
                answers("C2SP tlog-tiles tile or entry bundle", &json!({ "application/octet-stream": {} })),
            ),
        ),
    ])
}

/// Operations, and pages for people.
pub fn of_operations() -> Paths {
    let code = segment("code", &json!({ "enum": Code::ALL }));
    let page = |description: &str| answers(description, &json!({ "text/html": {} }));
    let metrics = json!({ "application/openmetrics-text": { "schema": { "type": "string" } } });
    let public = |parameters: &Value, answers: Value| get(parameters, &answers, &[]);
    let none = json!([]);
    named([
        ("/problems/", public(&none, page("all problems"))),
        ("/problems/{code}", public(&code, page("the page to which the type of a problem leads"))),
        ("/dashboard/", public(&none, page("the dashboard"))),
        ("/healthz", public(&none, text("the process answers"))),
        ("/readyz", public(&none, text("the process takes batches"))),
        ("/metrics", public(&none, answers("Prometheus text", &metrics))),
    ])
}

fn named<const N: usize>(paths: [(&str, Value); N]) -> Paths {
    paths.into_iter().map(|(path, operations)| (path.to_owned(), operations)).collect()
}

fn get(parameters: &Value, responses: &Value, tokens: &[&str]) -> Value {
    let security: Vec<Value> = tokens.iter().map(|token| json!({ *token: [] })).collect();
    json!({ "get": { "parameters": parameters, "responses": responses, "security": security } })
}

fn answers(description: &str, content: &Value) -> Value {
    let problem = json!({
        "description": "a problem document (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } } },
    });
    json!({ "200": { "description": description, "content": content }, "default": problem })
}

/// An answer of this schema.
fn of(schema: &str, description: &str) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
    answers(description, &json!({ "application/json": { "schema": reference } }))
}

fn text(description: &str) -> Value {
    answers(description, &json!({ "text/plain": { "schema": { "type": "string" } } }))
}
