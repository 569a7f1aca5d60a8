//! What may be asked with a path.

use super::schemas::integer;
use crate::http::counts::MOST_ITEMS;
use serde_json::{Value, json};

pub fn query(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

pub fn list(lists: &[&Value]) -> Value {
    lists.iter().filter_map(|list| list.as_array()).flatten().cloned().collect()
}

/// A segment of the path.
pub fn segment(name: &str, schema: &Value) -> Value {
    json!([{ "name": name, "in": "path", "required": true, "schema": schema }])
}

/// Of whom plays are asked.
pub fn whose(note: &str) -> Value {
    let text = |of: &str| json!({ "type": "string", "description": format!("of the plays of this {of} alone{note}") });
    json!([query("track", &text("track")), query("artist", &text("artist"))])
}

/// Which plays are counted.
pub fn filters() -> Value {
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

/// What is watched.
pub fn live() -> Value {
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

pub fn pages() -> Value {
    json!([
        query("limit", &json!({ "type": "integer", "minimum": 1, "maximum": MOST_ITEMS })),
        query("cursor", &json!({ "type": "string", "description": "next of the page before" })),
    ])
}

/// How they are counted by time.
pub fn buckets() -> Value {
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
