//! Receipts: C2SP tlog-proofs whose extra data is the ledger entry, so that one text holds all that is
//! needed, beside the log's key, to show that a batch was recorded.

use super::checkpoint::{Checkpoint, CheckpointError, decimal};
use super::entry::BatchEntry;
use super::merkle;
use super::note::LogKey;
use super::policy::{Policy, PolicyError};
use crate::bytes::{self, Hash};
use crate::limits;
use crate::prelude::*;

const MAGIC: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves is 64 levels high.
const MOST_HASHES: usize = 64;

/// A receipt taken apart; nothing in it is trusted until [`Receipt::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The bytes of the ledger entry.
    pub entry: Vec<u8>,
    /// The entry's index in the log.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling to the root's child.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Why a receipt was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a tlog-proof with a ledger entry as its extra data.
    #[error("not a receipt")]
    Malformed,
    /// The entry is not the commitment to a batch.
    #[error("the receipt's entry is not a batch commitment")]
    NotABatch,
    /// The entry commits to another batch.
    #[error("the receipt is for another batch")]
    OtherBatch,
    /// The checkpoint is not acceptable.
    #[error("the receipt's checkpoint is not acceptable: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is not what the policy asks for.
    #[error("the receipt's checkpoint is not acceptable: {0}")]
    Policy(#[from] PolicyError),
    /// The proof does not lead from the entry to the checkpoint's root.
    #[error("the inclusion proof does not lead to the checkpoint's root")]
    NotIncluded,
}

impl Receipt {
    /// Reads a receipt.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        Self::read(text).ok_or(ReceiptError::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > limits::RECEIPT_BYTES {
            return None;
        }
        let blank = text.as_bytes().windows(2).position(|two| two == b"\n\n")?;
        let (head, checkpoint) = (text.get(..blank)?, text.get(blank + 2..)?);
        let mut lines = head.split('\n');
        if lines.next()? != MAGIC {
            return None;
        }
        let entry = bytes::decode_standard(lines.next()?.strip_prefix("extra ")?)?;
        let index = decimal(lines.next()?.strip_prefix("index ")?)?;
        let proof = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>()?;
        (proof.len() <= MOST_HASHES).then(|| Self { entry, index, proof, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the log of `key` committed to the batch with the exact bytes `jws`: the entry names the
    /// batch's hash, the proof leads to the checkpoint's root, and the checkpoint is signed.
    pub fn verify(&self, jws: &[u8], key: &LogKey) -> Result<(BatchEntry, Checkpoint), ReceiptError> {
        self.verify_by(jws, |note| Ok(Checkpoint::verify(note, key)?))
    }

    /// Checks the same by a policy: the checkpoint is by one of its logs, and enough of its witnesses cosigned it.
    pub fn verify_witnessed(
        &self,
        jws: &[u8],
        policy: &Policy,
    ) -> Result<(BatchEntry, Checkpoint), ReceiptError> {
        self.verify_by(jws, |note| Ok(policy.verify(note)?))
    }

    fn verify_by(
        &self,
        jws: &[u8],
        check: impl FnOnce(&str) -> Result<Checkpoint, ReceiptError>,
    ) -> Result<(BatchEntry, Checkpoint), ReceiptError> {
        let Some(entry) = BatchEntry::from_bytes(&self.entry) else {
            return Err(ReceiptError::NotABatch);
        };
        if entry.batch != Hash::of(jws) {
            return Err(ReceiptError::OtherBatch);
        }
        Ok((entry, self.verify_inclusion(check)?))
    }

    /// Checks, of an entry of whatever kind, that it is in the log of a checkpoint that `check` accepts.
    pub(super) fn verify_inclusion(
        &self,
        check: impl FnOnce(&str) -> Result<Checkpoint, ReceiptError>,
    ) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = check(&self.checkpoint)?;
        let leaf = merkle::leaf_hash(&self.entry);
        if !merkle::verify_inclusion(&leaf, self.index, checkpoint.size, &checkpoint.root, &self.proof) {
            return Err(ReceiptError::NotIncluded);
        }
        Ok(checkpoint)
    }
}

impl core::fmt::Display for Receipt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{MAGIC}\nextra {}\nindex {}", bytes::encode_standard(&self.entry), self.index)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;
    use crate::ledger::{Entry, LogSigner, SignedNote, WitnessSigner};

    #[test]
    fn a_receipt_holds_for_its_batch_and_log_alone() {
        let signer = LogSigner::new("log.example", SecretKey::from_seed(&[1; 32])).unwrap();
        let entry =
            Entry::Batch(BatchEntry { batch: Hash::of(b"jws"), received: 9, context: Hash::of(b"c") });
        let (leaf, sibling) = (merkle::leaf_hash(&entry.to_bytes()), merkle::leaf_hash(b"other"));
        let root = merkle::node_hash(&sibling, &leaf);
        let checkpoint = Checkpoint { origin: "log.example".into(), size: 2, root }.sign(&signer);
        let receipt = Receipt { entry: entry.to_bytes(), index: 1, proof: vec![sibling], checkpoint };
        let read = Receipt::parse(&receipt.to_string()).unwrap();
        assert_eq!(read, receipt);
        let (got, at) = read.verify(b"jws", signer.log_key()).unwrap();
        assert_eq!((got.received, at.size), (9, 2));

        assert_eq!(read.verify(b"other", signer.log_key()), Err(ReceiptError::OtherBatch));
        let moved = Receipt { index: 0, ..read.clone() };
        assert_eq!(moved.verify(b"jws", signer.log_key()), Err(ReceiptError::NotIncluded));
        let stranger = LogSigner::new("log.example", SecretKey::from_seed(&[2; 32])).unwrap();
        assert!(matches!(read.verify(b"jws", stranger.log_key()), Err(ReceiptError::Checkpoint(_))));
        let rule = Receipt { entry: b"{}".to_vec(), ..read.clone() };
        assert_eq!(rule.verify(b"jws", signer.log_key()), Err(ReceiptError::NotABatch));
        let witness = WitnessSigner::new("w.example", SecretKey::from_seed(&[3; 32])).unwrap();
        let (log, by) = (signer.log_key().to_vkey(), witness.public().to_vkey());
        let policy = Policy::parse(&format!("log {log}\nwitness w {by}\nquorum w\n")).unwrap();
        let alone = read.verify_witnessed(b"jws", &policy);
        assert_eq!(alone, Err(ReceiptError::Policy(PolicyError::NotWitnessed)));
        let text = SignedNote::parse(&read.checkpoint).unwrap().unverified_text().to_owned();
        let seen =
            Receipt { checkpoint: read.checkpoint.clone() + &witness.cosign(&text, 5), ..read.clone() };
        assert!(seen.verify_witnessed(b"jws", &policy).is_ok());
        assert!(seen.verify_witnessed(b"other", &policy).is_err());
        for broken in ["", "c2sp.org/tlog-proof@v1\n\n", &read.to_string().replace("index 1", "index 01")] {
            assert_eq!(Receipt::parse(broken), Err(ReceiptError::Malformed));
        }
    }
}
