//! Handing a log over from one key to the next, so that whoever trusts the old one needs nobody's word for the new.
//!
//! An entry of the log holds a note that both keys sign. For a time both sign the checkpoints as well; after that the
//! new one alone. [`successor`] leads from any key that the log once had to the one that it has now.

use super::checkpoint::Checkpoint;
use super::entry::KeyEntry;
use super::note::{LogKey, LogSigner, NoteError, SignedNote};
use super::receipt::{Receipt, ReceiptError};
use crate::prelude::*;

/// Why a new key is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// The entry is not one that announces a key, or its note does not say from which key to which.
    #[error("not the announcement of a log's next key")]
    Malformed,
    /// The two keys have different names, or are the same.
    #[error("a log is handed over from one key to another of the same name")]
    Keys,
    /// One of the two keys did not sign.
    #[error("the announcement does not hold: {0}")]
    Note(#[from] NoteError),
    /// The announcement is not in the log of the new key.
    #[error("the announcement is not in the log: {0}")]
    NotInLog(#[from] ReceiptError),
}

impl KeyEntry {
    /// Announces that the log of `from` goes on under `to`.
    pub fn new(from: &LogSigner, to: &LogSigner) -> Result<Self, HandoverError> {
        let (old, new) = (from.log_key(), to.log_key());
        if old.name() != new.name() || old == new {
            return Err(HandoverError::Keys);
        }
        // Its second line is no number, so that it can never be read as a checkpoint.
        let text = format!("{}\nfrom key {}\nto key {}\n", old.name(), old.to_vkey(), new.to_vkey());
        Ok(Self { note: to.countersign(&from.sign(&text)) })
    }

    /// From which key to which, if both signed.
    pub fn verify(&self) -> Result<(LogKey, LogKey), HandoverError> {
        let note = SignedNote::parse(&self.note)?;
        let (from, to) = read(note.unverified_text()).ok_or(HandoverError::Malformed)?;
        if from.name() != to.name() || from == to {
            return Err(HandoverError::Keys);
        }
        note.verify(&from)?;
        note.verify(&to)?;
        Ok((from, to))
    }
}

fn read(text: &str) -> Option<(LogKey, LogKey)> {
    let (name, rest) = text.split_once('\n')?;
    let (from, rest) = rest.strip_prefix("from key ")?.split_once('\n')?;
    let to = rest.strip_prefix("to key ")?.strip_suffix('\n')?;
    let (from, to) = (LogKey::parse(from).ok()?, LogKey::parse(to).ok()?);
    (from.name() == name).then_some((from, to))
}

/// The key that the log of `believed` has now, by the proofs of its announcements, in the order of the log: each must
/// be signed by the key before it, and all must be in the log that the last key signs. Announcements that led to
/// `believed` are passed over.
pub fn successor(believed: &LogKey, announcements: &[Receipt]) -> Result<LogKey, HandoverError> {
    let mut key = believed.clone();
    let mut led = Vec::new();
    for proof in announcements {
        let Some(entry) = KeyEntry::from_bytes(&proof.entry) else {
            return Err(HandoverError::Malformed);
        };
        let (from, to) = entry.verify()?;
        if from == key {
            key = to;
            led.push(proof);
        }
    }
    // Publicly, for everybody to see: not in a note that was made for one device alone.
    for proof in led {
        proof.verify_inclusion(|note| Ok(Checkpoint::verify(note, &key)?))?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Hash;
    use crate::key::SecretKey;
    use crate::ledger::{CheckpointError, Entry, merkle};

    fn signer(seed: u8) -> LogSigner {
        LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap()
    }

    /// The proof of an announcement in a log of two entries that `by` signed.
    fn proof(entry: KeyEntry, by: &LogSigner) -> Receipt {
        let entry = Entry::Key(entry).to_bytes();
        let sibling = Hash::of(b"other");
        let root = merkle::node_hash(&sibling, &merkle::leaf_hash(&entry));
        let checkpoint = Checkpoint { origin: "log.example".into(), size: 2, root }.sign(by);
        Receipt { entry, index: 1, proof: vec![sibling], checkpoint }
    }

    #[test]
    fn a_chain_leads_from_each_key_to_the_last() {
        let chain: Vec<Receipt> =
            [(1, 2), (2, 3)].map(|(from, to)| proof(handover(from, to), &signer(3))).into();
        for seed in 1..=3 {
            assert_eq!(successor(signer(seed).log_key(), &chain), Ok(signer(3).log_key().clone()), "{seed}");
        }
        let stranger = signer(9).log_key().clone();
        assert_eq!(successor(&stranger, &chain), Ok(stranger.clone()), "nobody leads there");
        // Without the first link the second is not reached.
        assert_eq!(successor(signer(1).log_key(), &chain[1..]), Ok(signer(1).log_key().clone()));
    }

    fn handover(from: u8, to: u8) -> KeyEntry {
        KeyEntry::new(&signer(from), &signer(to)).unwrap()
    }

    #[test]
    fn what_only_one_key_signed_is_not_believed() {
        let (old, thief) = (signer(1), signer(9));
        let text = |from: &LogSigner, to: &LogSigner| {
            format!("log.example\nfrom key {}\nto key {}\n", from.log_key().to_vkey(), to.log_key().to_vkey())
        };
        let alone = KeyEntry { note: thief.sign(&text(&old, &thief)) };
        assert!(matches!(alone.verify(), Err(HandoverError::Note(NoteError::NotSigned(_)))));
        let unwilling = KeyEntry { note: old.sign(&text(&old, &thief)) };
        assert!(matches!(unwilling.verify(), Err(HandoverError::Note(NoteError::NotSigned(_)))));
        let changed = KeyEntry { note: handover(1, 2).note.replace("to key", "to  key") };
        assert_eq!(changed.verify(), Err(HandoverError::Malformed));
        let other = LogSigner::new("other.example", SecretKey::from_seed(&[2; 32])).unwrap();
        assert_eq!(KeyEntry::new(&old, &other), Err(HandoverError::Keys));
        assert_eq!(KeyEntry::new(&old, &signer(1)), Err(HandoverError::Keys));
    }

    #[test]
    fn what_is_not_in_the_log_is_not_believed() {
        let mut moved = proof(handover(1, 2), &signer(2));
        moved.index = 0;
        let missing = successor(signer(1).log_key(), &[moved]);
        assert_eq!(missing, Err(HandoverError::NotInLog(ReceiptError::NotIncluded)));
        let by_the_old_alone = successor(signer(1).log_key(), &[proof(handover(1, 2), &signer(1))]);
        assert!(matches!(
            by_the_old_alone,
            Err(HandoverError::NotInLog(ReceiptError::Checkpoint(CheckpointError::Note(_))))
        ));
        let batch = Receipt { entry: b"{}".to_vec(), ..proof(handover(1, 2), &signer(2)) };
        assert_eq!(successor(signer(1).log_key(), &[batch]), Err(HandoverError::Malformed));
    }

    #[test]
    fn an_announcement_is_not_a_checkpoint() {
        assert!(Checkpoint::unverified(&handover(1, 2).note).is_err());
    }
}
