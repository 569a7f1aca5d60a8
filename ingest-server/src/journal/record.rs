//! Records, and their frames: length, CRC-32C, kind, payload; integers little-endian.

use delistening_schema::ledger::{
    BatchEntry, Entry, ErasureEntry, KeyEntry, RuleEntry, Sealed, StatementEntry, VerdictEntry, sealed,
};
use delistening_schema::{DeviceId, Hash, limits};
use serde::{Deserialize, Serialize};

/// Bytes of a frame before its payload.
const HEADER: usize = 9;
/// No record is longer; a longer length is damage.
const MOST: usize = limits::BATCH_BYTES + 64 * 1024;

/// No frame is longer.
pub const FRAME_BYTES: usize = HEADER + MOST;

const BATCH: u8 = 1;
const RULE: u8 = 2;
const VERDICTS: u8 = 3;
const STATEMENT: u8 = 4;
const ERASURE: u8 = 5;
const KEY: u8 = 6;
const ERASED: u8 = 7;

/// One record; each becomes one entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A batch that was accepted.
    Batch(BatchRecord),
    /// A version of the play rule, or of the analysis.
    Rule(RuleEntry),
    /// What sessions are worth.
    Verdicts(VerdictsRecord),
    /// What was counted on a day.
    Statement(StatementRecord),
    /// What was erased.
    Erasure(ErasureEntry),
    /// The log's next key.
    Key(KeyEntry),
    /// What is left of a batch that was erased.
    Erased(ErasedRecord),
}

/// A batch that was accepted, with what was known when it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// The size of the log that its group commit made: the size its receipt is for.
    pub tree_size: u64,
    /// When it was received, milliseconds since 1970.
    pub received: u64,
    /// Makes the commitment to the context hiding.
    pub salt: [u8; 16],
    /// The intake context as JSON.
    pub context: String,
    /// The exact bytes of the signed batch.
    pub jws: String,
}

/// What is left of a batch that was erased: its entry, and what makes a resend of it harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedRecord {
    /// The size of the log that its receipt is for.
    pub tree_size: u64,
    /// Whose.
    pub device: DeviceId,
    /// Its sequence number.
    pub seq: u64,
    /// Its entry in the ledger.
    pub entry: BatchEntry,
}

/// Verdicts, with what makes their commitment hiding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictsRecord {
    /// The batches among the first `through` entries were judged.
    pub through: u64,
    /// Plays as JSON.
    pub items: Vec<Sealed>,
}

/// A statement or a part of one, with what makes its commitment hiding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// The day in UTC: days since 1970-01-01.
    pub day: u32,
    /// The last verdicts among the first `through` entries were counted.
    pub through: u64,
    /// Which part this is, from 1.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// Statement lines as JSON.
    pub items: Vec<Sealed>,
}

impl Record {
    /// The ledger entry that commits to this record.
    pub fn entry(&self) -> Entry {
        match self {
            Self::Rule(rule) => Entry::Rule(rule.clone()),
            Self::Batch(batch) => Entry::Batch(BatchEntry {
                batch: Hash::of(batch.jws.as_bytes()),
                received: batch.received,
                context: Hash::of_parts(&[&batch.salt, batch.context.as_bytes()]),
            }),
            Self::Verdicts(VerdictsRecord { through, items }) => Entry::Verdict(VerdictEntry {
                through: *through,
                count: count(items),
                root: sealed::root(items),
            }),
            Self::Statement(StatementRecord { day, through, part, parts, items }) => {
                Entry::Statement(StatementEntry {
                    day: *day,
                    through: *through,
                    part: *part,
                    parts: *parts,
                    count: count(items),
                    root: sealed::root(items),
                })
            }
            Self::Erasure(erasure) => Entry::Erasure(erasure.clone()),
            Self::Key(key) => Entry::Key(key.clone()),
            Self::Erased(erased) => Entry::Batch(erased.entry.clone()),
        }
    }

    /// Appends the record's frame to `buffer`.
    ///
    /// # Panics
    /// Never: what is journaled was bounded before.
    pub fn frame(&self, buffer: &mut Vec<u8>) {
        let begin = buffer.len();
        buffer.extend_from_slice(&[0; HEADER]);
        let kind = match self {
            Self::Batch(batch) => {
                buffer.extend_from_slice(&batch.tree_size.to_le_bytes());
                buffer.extend_from_slice(&batch.received.to_le_bytes());
                buffer.extend_from_slice(&batch.salt);
                let length = u32::try_from(batch.context.len()).expect("a context is small");
                buffer.extend_from_slice(&length.to_le_bytes());
                buffer.extend_from_slice(batch.context.as_bytes());
                buffer.extend_from_slice(batch.jws.as_bytes());
                BATCH
            }
            Self::Rule(rule) => json(buffer, rule, RULE),
            Self::Verdicts(verdicts) => json(buffer, verdicts, VERDICTS),
            Self::Statement(statement) => json(buffer, statement, STATEMENT),
            Self::Erasure(erasure) => json(buffer, erasure, ERASURE),
            Self::Key(key) => json(buffer, key, KEY),
            Self::Erased(erased) => json(buffer, erased, ERASED),
        };
        let length = u32::try_from(buffer.len() - begin - HEADER).expect("a record is small");
        buffer[begin + 8] = kind;
        let crc = crc32c::crc32c(&buffer[begin + 8..]);
        buffer[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
        buffer[begin + 4..begin + 8].copy_from_slice(&crc.to_le_bytes());
    }

    /// Reads the record at the begin of `bytes`, and how many bytes its frame has; `None` if there is no
    /// whole, undamaged record.
    pub fn unframe(bytes: &[u8]) -> Option<(Self, usize)> {
        let frame = Frame::at(bytes)?;
        Some((frame.record()?, frame.bytes().len()))
    }

    fn decode(kind: u8, payload: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        match kind {
            BATCH => {
                let (tree_size, rest) = payload.split_first_chunk::<8>()?;
                let (received, rest) = rest.split_first_chunk::<8>()?;
                let (salt, rest) = rest.split_first_chunk::<16>()?;
                let (length, rest) = rest.split_first_chunk::<4>()?;
                let (context, jws) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                Some(Self::Batch(BatchRecord {
                    tree_size: u64::from_le_bytes(*tree_size),
                    received: u64::from_le_bytes(*received),
                    salt: *salt,
                    context: text(context)?,
                    jws: text(jws)?,
                }))
            }
            RULE => serde_json::from_slice(payload).ok().map(Self::Rule),
            VERDICTS => serde_json::from_slice(payload).ok().map(Self::Verdicts),
            STATEMENT => serde_json::from_slice(payload).ok().map(Self::Statement),
            ERASURE => serde_json::from_slice(payload).ok().map(Self::Erasure),
            KEY => serde_json::from_slice(payload).ok().map(Self::Key),
            ERASED => serde_json::from_slice(payload).ok().map(Self::Erased),
            _ => None,
        }
    }
}

/// A whole, undamaged frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a>(&'a [u8]);

impl<'a> Frame<'a> {
    /// The frame at the begin of `bytes`; `None` if there is no whole, undamaged one.
    pub(super) fn at(bytes: &'a [u8]) -> Option<Self> {
        let frame = bytes.get(..Self::length(bytes)?)?;
        let crc = u32::from_le_bytes(frame[4..8].try_into().ok()?);
        (crc32c::crc32c(&frame[8..]) == crc).then_some(Self(frame))
    }

    /// How long the frame at the begin of `bytes` says that it is; `None` if no frame is so long.
    pub(super) fn length(bytes: &[u8]) -> Option<usize> {
        let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        (length <= MOST).then_some(HEADER + length)
    }

    /// The frame that `bytes` were found to be.
    pub(super) fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The record in it; `None` if it is of no kind that is known.
    pub fn record(self) -> Option<Record> {
        Record::decode(self.0[8], &self.0[HEADER..])
    }
}

fn count(items: &[Sealed]) -> u32 {
    u32::try_from(items.len()).expect("a record is small")
}

/// Appends a payload of the kinds that are few: as JSON.
fn json(buffer: &mut Vec<u8>, payload: &impl Serialize, kind: u8) -> u8 {
    serde_json::to_writer(buffer, payload).expect("a record is always representable");
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use delistening_schema::ledger::RuleKind;

    fn record() -> Record {
        let batch = BatchRecord {
            tree_size: 9,
            received: 7,
            salt: [3; 16],
            context: r#"{"issuer":"i"}"#.into(),
            jws: "a.b.c".into(),
        };
        Record::Batch(batch)
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        record().frame(&mut bytes);
        let first = bytes.len();
        assert_eq!(Record::unframe(&bytes), Some((record(), first)));
        let items = vec![Sealed::Open { salt: [1; 16], text: "{}".into() }];
        for other in [
            Record::Rule(RuleEntry { of: RuleKind::Play, version: 1, text: "rule".into() }),
            Record::Verdicts(VerdictsRecord { through: 4, items: items.clone() }),
            Record::Statement(StatementRecord { day: 1, through: 5, part: 1, parts: 1, items }),
            Record::Erasure(ErasureEntry { at: 1, batches: vec![2], verdicts: vec![(3, 4)] }),
            Record::Key(KeyEntry { note: "n".into() }),
            Record::Erased(ErasedRecord {
                tree_size: 9,
                device: DeviceId(Hash::of(b"d")),
                seq: 2,
                entry: BatchEntry { batch: Hash::of(b"b"), received: 7, context: Hash::of(b"c") },
            }),
        ] {
            let begin = bytes.len();
            other.frame(&mut bytes);
            assert_eq!(Record::unframe(&bytes[begin..]), Some((other, bytes.len() - begin)));
        }
    }

    #[test]
    fn no_cut_or_flipped_frame_is_read() {
        let mut bytes = Vec::new();
        record().frame(&mut bytes);
        for end in 0..bytes.len() {
            assert_eq!(Record::unframe(&bytes[..end]), None, "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::unframe(&flipped), None, "bit {bit}");
        }
    }
}
