//! Receipts: C2SP tlog-proofs whose extra data is the ledger entry, so that one text holds all that is
//! needed, beside the log's key, to show that a batch was recorded.

use super::checkpoint::{Checkpoint, CheckpointError, decimal};
use super::entry::{BatchEntry, Entry};
use super::merkle;
use super::note::LogKey;
use crate::bytes::{self, Hash};
use crate::limits;

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
        let (head, checkpoint) = text.split_once("\n\n")?;
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
        let Some(Entry::Batch(entry)) = Entry::from_bytes(&self.entry) else {
            return Err(ReceiptError::NotABatch);
        };
        if entry.batch != Hash::of(jws) {
            return Err(ReceiptError::OtherBatch);
        }
        let checkpoint = Checkpoint::verify(&self.checkpoint, key)?;
        let leaf = merkle::leaf_hash(&self.entry);
        if !merkle::verify_inclusion(&leaf, self.index, checkpoint.size, &checkpoint.root, &self.proof) {
            return Err(ReceiptError::NotIncluded);
        }
        Ok((entry, checkpoint))
    }
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    use crate::ledger::LogSigner;

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
        for broken in ["", "c2sp.org/tlog-proof@v1\n\n", &read.to_string().replace("index 1", "index 01")] {
            assert_eq!(Receipt::parse(broken), Err(ReceiptError::Malformed));
        }
    }
}
