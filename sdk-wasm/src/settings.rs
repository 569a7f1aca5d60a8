//! What the host sets, read from JSON.

use delistening_schema::json::{FromJson, Json};
use delistening_sdk_core::{Config, Track};

/// The members of a `Config` that a page sets; the others keep their defaults.
pub fn config(json: &str) -> Option<Config> {
    let json = Json::parse(json)?;
    let mut config = Config::default();
    set(json, "listener", &mut config.listener)?;
    set(json, "log_keys", &mut config.log_keys)?;
    set(json, "max_events", &mut config.max_events)?;
    set(json, "max_bytes", &mut config.max_bytes)?;
    set(json, "max_age_ms", &mut config.max_age_ms)?;
    set(json, "queue_events", &mut config.queue_events)?;
    set(json, "queue_bytes", &mut config.queue_bytes)?;
    set(json, "queue_age_ms", &mut config.queue_age_ms)?;
    set(json, "progress_every_ms", &mut config.progress_every_ms)?;
    set(json, "audit_every_ms", &mut config.audit_every_ms)?;
    set(json, "witness_policy", &mut config.witness_policy)?;
    Some(config)
}

/// Takes the member over, if it is there.
fn set<T: FromJson>(json: Json<'_>, name: &str, setting: &mut T) -> Option<()> {
    if let Some(value) = json.get(name) {
        *setting = T::from_json(value)?;
    }
    Some(())
}

/// A `Track`.
pub fn track(json: &str) -> Option<Track> {
    let json = Json::parse(json)?;
    Some(Track {
        id: json.required("id")?,
        artist: json.optional("artist")?,
        release: json.optional("release")?,
        duration_ms: json.optional("duration_ms")?,
        source: json.optional("source")?,
        offline: json.optional("offline")?,
    })
}
