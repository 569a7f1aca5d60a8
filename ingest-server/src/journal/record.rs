//! Records, and their frames: length, CRC-32C, kind, payload; integers little-endian.

use delistening_schema::ledger::{BatchEntry, Entry, RuleEntry};
use delistening_schema::{Hash, limits};

/// Bytes of a frame before its payload.
pub const HEADER: usize = 9;
/// No record is longer; a longer length is damage.
const MOST: usize = limits::BATCH_BYTES + 64 * 1024;

const BATCH: u8 = 1;
const RULE: u8 = 2;

/// One record; each becomes one entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A batch that was accepted.
    Batch(BatchRecord),
    /// A version of the play rule.
    Rule(RuleEntry),
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
            Self::Rule(rule) => {
                buffer.extend_from_slice(&rule.version.to_le_bytes());
                buffer.extend_from_slice(rule.text.as_bytes());
                RULE
            }
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
        let (header, rest) = bytes.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
        let crc = u32::from_le_bytes(header[4..].try_into().ok()?);
        if length > MOST || rest.len() < length + 1 {
            return None;
        }
        let checked = &rest[..=length];
        if crc32c::crc32c(checked) != crc {
            return None;
        }
        let record = Self::decode(checked[0], &checked[1..])?;
        Some((record, HEADER + length))
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
            RULE => {
                let (version, words) = payload.split_first_chunk::<4>()?;
                Some(Self::Rule(RuleEntry { version: u32::from_le_bytes(*version), text: text(words)? }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let rule = Record::Rule(RuleEntry { version: 1, text: "rule".into() });
        rule.frame(&mut bytes);
        assert_eq!(Record::unframe(&bytes), Some((record(), first)));
        assert_eq!(Record::unframe(&bytes[first..]), Some((rule, bytes.len() - first)));
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
