//! What the server knew of a batch when it came in. Journaled and committed to beside the batch, so that whatever
//! is judged by it can be judged again.

use crate::prelude::*;
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// Coarse facts about how a batch came in; never an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct IntakeContext {
    /// Who issued the token.
    pub issuer: String,
    /// What kind of client it says it is: `browser`, `app`, `headless`, `bot`, `tool` or `other`.
    pub client: String,
    /// The operating system that the client names: `android`, `ios`, `windows`, `macos`, `linux` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The country that the address is registered in, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The number of the autonomous system that the address belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// The network that the address lies in, under a key that lives for a day: the same network on the same day has the
    /// same name, and nobody can tell which network it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// What an operator's own enrichers found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}
