//! Ledger entries: small canonical JSON records, public without loss of privacy.
//!
//! An entry's bytes are what is hashed; readers keep them and never encode them again.

use crate::bytes::Hash;
use crate::json::{self, FromJson, ToJson};
use crate::object;
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// One entry of the ledger. JSON with a fixed order of members and no white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Entry {
    /// A batch was received.
    Batch(BatchEntry),
    /// A version of the play rule or of the analysis, before its first use.
    Rule(RuleEntry),
    /// What sessions are worth, as far as is known.
    Verdict(VerdictEntry),
    /// What was counted on a day.
    Statement(StatementEntry),
    /// What was erased.
    Erasure(ErasureEntry),
    /// The log goes on under another key.
    Key(KeyEntry),
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

/// What plays are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum RuleKind {
    /// The play rule: what counts.
    Play,
    /// The analysis: what is suspect.
    Analysis,
}

/// The full text of a version of the play rule, or of the analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct RuleEntry {
    /// Of which of the two.
    pub of: RuleKind,
    /// Its version.
    pub version: u32,
    /// What it says.
    pub text: String,
}

/// The commitment to the verdicts on a number of sessions. Of several on one session the last holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct VerdictEntry {
    /// The batches among the first `through` entries were judged.
    pub through: u64,
    /// How many sessions.
    pub count: u32,
    /// The root over the sealed verdicts: see [`sealed`](crate::ledger::sealed).
    pub root: Hash,
}

/// The commitment to what was counted on a day. Of several for one day the last holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct StatementEntry {
    /// The day in UTC: days since 1970-01-01.
    pub day: u32,
    /// The last verdicts among the first `through` entries were counted.
    pub through: u64,
    /// A long statement has several entries; which one this is, from 1.
    pub part: u32,
    /// How many entries the statement has.
    pub parts: u32,
    /// How many lines this part has.
    pub count: u32,
    /// The root over the sealed lines: see [`sealed`](crate::ledger::sealed).
    pub root: Hash,
}

/// What was erased, because its listener asked for it. The commitments to it stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ErasureEntry {
    /// When, milliseconds since 1970.
    pub at: u64,
    /// The indexes of the batches, in ascending order.
    pub batches: Vec<u64>,
    /// The verdicts: the index of the entry and the place within its list, in ascending order.
    pub verdicts: Vec<(u64, u32)>,
}

/// The announcement of the log's next key: see [`successor`](crate::ledger::successor).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct KeyEntry {
    /// A note that the old key and the new one have signed: the log's name, `from key` and `to key` with their verifier
    /// keys.
    pub note: String,
}

object!(BatchEntry { batch, received, context });
object!(KeyEntry { note });

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

impl BatchEntry {
    /// Reads an entry as [`Entry::from_bytes`] does, if it is one of a batch.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        of_kind("batch", bytes)
    }
}

impl KeyEntry {
    /// Reads an entry as [`Entry::from_bytes`] does, if it announces a key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        of_kind("key", bytes)
    }
}

/// Reads an entry of a kind in its canonical form. Devices need two kinds, and no code for the others.
fn of_kind<T: FromJson + ToJson>(kind: &str, bytes: &[u8]) -> Option<T> {
    let text = str::from_utf8(bytes).ok()?;
    let members = text.strip_prefix(r#"{"kind":""#)?.strip_prefix(kind)?.strip_prefix("\",")?;
    let entry: T = json::from_str(text)?;
    (json::to_string(&entry)[1..] == *members).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entry: &Entry, kind: bool) -> Option<Entry> {
        kind.then(|| entry.clone())
    }

    #[test]
    fn only_the_canonical_form_is_an_entry() {
        for entry in [
            Entry::Batch(BatchEntry { batch: Hash::of(b"b"), received: 5, context: Hash::of(b"c") }),
            Entry::Rule(RuleEntry { of: RuleKind::Play, version: 1, text: "rule".into() }),
            Entry::Verdict(VerdictEntry { through: 7, count: 2, root: Hash::of(b"r") }),
            Entry::Statement(StatementEntry {
                day: 20_000,
                through: 8,
                part: 1,
                parts: 1,
                count: 3,
                root: Hash::of(b"r"),
            }),
            Entry::Erasure(ErasureEntry { at: 9, batches: vec![1, 4], verdicts: vec![(2, 0)] }),
            Entry::Key(KeyEntry { note: "a\n\n\u{2014} b AAAA\n".into() }),
        ] {
            let bytes = entry.to_bytes();
            assert_eq!(Entry::from_bytes(&bytes), Some(entry.clone()));
            assert_eq!(
                BatchEntry::from_bytes(&bytes).map(Entry::Batch),
                of(&entry, matches!(entry, Entry::Batch(_)))
            );
            assert_eq!(
                KeyEntry::from_bytes(&bytes).map(Entry::Key),
                of(&entry, matches!(entry, Entry::Key(_)))
            );
            let spaced = String::from_utf8(bytes).unwrap().replacen(',', ", ", 1);
            assert_eq!(Entry::from_bytes(spaced.as_bytes()), None);
            assert_eq!(BatchEntry::from_bytes(spaced.as_bytes()), None);
            assert_eq!(KeyEntry::from_bytes(spaced.as_bytes()), None);
        }
        assert_eq!(Entry::from_bytes(br#"{"kind":"other"}"#), None);
    }
}
