//! Ledger entries: small canonical JSON records, public without loss of privacy.
//!
//! An entry's bytes are what is hashed; readers keep them and never encode them again.

use crate::bytes::Hash;
use serde::{Deserialize, Serialize};

/// One entry of the ledger. JSON with a fixed order of members and no white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Entry {
    /// A batch was received.
    Batch(BatchEntry),
    /// A version of the play rule, before its first use.
    Rule(RuleEntry),
}

/// The commitment to a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct BatchEntry {
    /// SHA-256 of the exact bytes of the signed batch. Hiding, because the batch holds a random nonce.
    pub batch: Hash,
    /// When the server received it, milliseconds since 1970.
    pub received: u64,
    /// SHA-256 of a random salt followed by the intake context.
    pub context: Hash,
}

/// The full text of a version of the play rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct RuleEntry {
    /// Its version.
    pub version: u32,
    /// What it says.
    pub text: String,
}

impl Entry {
    /// The canonical bytes.
    ///
    /// # Panics
    /// Never: an entry is always representable as JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an entry is always representable")
    }

    /// Reads an entry; `None` if the bytes are not an entry of a known kind in canonical form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let entry: Self = serde_json::from_slice(bytes).ok()?;
        (entry.to_bytes() == bytes).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_entry() {
        let entry = Entry::Batch(BatchEntry { batch: Hash::of(b"b"), received: 5, context: Hash::of(b"c") });
        let bytes = entry.to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Some(entry));
        let spaced = String::from_utf8(bytes).unwrap().replace(',', ", ");
        assert_eq!(Entry::from_bytes(spaced.as_bytes()), None);
        assert_eq!(Entry::from_bytes(br#"{"kind":"other"}"#), None);
    }
}
