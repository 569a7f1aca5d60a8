//! What bodies look like.

use crate::store::PARTS;
use serde_json::{Value, json};

/// What the paths refer to.
pub fn components() -> Value {
    let mut schemas = schemas();
    for (name, text) in [
        ("ingest-request", include_str!("../../../../schema/json/ingest-request.v1.json")),
        ("ingest-response", include_str!("../../../../schema/json/ingest-response.v1.json")),
        ("log-keys", include_str!("../../../../schema/json/log-keys.v1.json")),
        ("batch", include_str!("../../../../schema/json/batch.v1.json")),
        ("event", include_str!("../../../../schema/json/event.v1.json")),
        ("problem", include_str!("../../../../schema/json/problem.v1.json")),
    ] {
        adopt(&mut schemas, name, text);
    }
    json!({
        "securitySchemes": {
            "device": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT, scope plays:write, bound by cnf.jkt" },
            "service": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT, scope counts:read, export:read or listeners:erase; or, for counts, that of a share link" },
        },
        "schemas": schemas,
    })
}

/// Takes a schema of the contract in. Its own definitions become schemas beside it: in this document `#` is another root.
fn adopt(schemas: &mut Value, name: &str, text: &str) {
    let text = text.replace("#/$defs/", "#/components/schemas/");
    let mut schema: Value = serde_json::from_str(&text).unwrap_or_default();
    let definitions = schema.as_object_mut().and_then(|schema| schema.remove("$defs"));
    if let (Some(schemas), Some(Value::Object(definitions))) = (schemas.as_object_mut(), definitions) {
        schemas.extend(definitions);
    }
    schemas[name] = schema;
}

/// An object all of whose members are always there, but for those named in `optional`.
fn object(properties: &Value, optional: &[&str]) -> Value {
    let names = properties.as_object().into_iter().flat_map(serde_json::Map::keys);
    let required: Vec<&String> = names.filter(|name| !optional.contains(&name.as_str())).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// What is not a type of the contract.
fn schemas() -> Value {
    let counted =
        |more: &Value| json!({ "allOf": [object(more, &[]), { "$ref": "#/components/schemas/counts" }] });
    json!({
        "counts": object(&json!({
            "valid": integer("plays that count"), "short": integer("sessions with too little heard"),
            "muted": integer("sessions played inaudibly"), "suspect": integer("sessions set apart by analysis"),
            "invalid": integer("sessions that contradict themselves"),
            "listeners": integer("different listeners with a play that counts"),
            "heard_ms": integer("media time heard in plays that count"),
        }), &[]),
        "live-frame": object(&json!({
            "kind": { "enum": ["snapshot", "update"] },
            "seq": integer("grows with every change; the id of the event"),
            "total": live_counts(),
            "tracks": { "type": "object", "additionalProperties": live_counts() },
            "artists": { "type": "object", "additionalProperties": live_counts() },
        }), &[]),
        "series": object(&json!({
            "bucket": { "type": "string" }, "tz": { "type": "string" },
            "from": integer("begin of the range that was counted"), "to": integer("its end"),
            "total": { "$ref": "#/components/schemas/counts" },
            "buckets": { "type": "array", "items": counted(&json!({
                "from": integer("its begin"), "to": integer("its end") })) },
            "next": next(),
        }), &["next"]),
        "top": object(&json!({
            "items": { "type": "array", "items": counted(&json!({ "id": { "type": "string" } })) },
            "next": next(),
        }), &["next"]),
        "retention": retention(),
        "reasons": object(&json!({ "items": { "type": "array", "items": object(&json!({
            "status": { "enum": ["short", "muted", "suspect", "invalid"] },
            "reason": { "type": "string", "description": "a reason of the play rule or, of what is suspect, a signal" },
            "sessions": integer("how many sessions have it; a session may have several"),
        }), &[]) } }), &[]),
    })
}

pub fn integer(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn next() -> Value {
    json!({ "type": "string", "description": "cursor of the next page, if there is one" })
}

fn live_counts() -> Value {
    object(
        &json!({
            "valid": integer("plays that count"), "not_counted": integer("sessions that do not"),
            "heard_ms": integer("media time heard in plays that count"),
        }),
        &[],
    )
}

/// Of sessions that are valid or short and tell the track's length, in a hundred equal parts of it.
fn retention() -> Value {
    let parts = |description: &str| json!({ "type": "array", "minItems": PARTS, "maxItems": PARTS, "items": integer(description) });
    object(
        &json!({
            "sessions": integer("how many sessions are valid or short and tell the track's length"),
            "length_ms": integer("the median of the lengths that they tell"),
            "heard": parts("sessions that heard some of the part"),
            "started": parts("sessions of which it is the first part that they heard"),
            "ended": parts("sessions of which it is the last one"),
        }),
        &[],
    )
}
