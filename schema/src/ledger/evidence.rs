//! Evidence that a log was rewritten: two checkpoints that one key signed and that cannot both be true.
//!
//! Two roots for one size speak for themselves. Of two sizes, a proof shows what the larger tree was when it had the
//! smaller size: it leads to the larger root, which is signed, and so nothing in it can be made up. If what it shows
//! is not the smaller root, which is signed as well, the log was rewritten. Nothing has to be fetched to see it.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::handover::{HandoverError, successor};
use super::merkle::root_before;
use super::note::{LogKey, NoteError};
use super::receipt::Receipt;
use crate::bytes::Hash;
use crate::object;
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// The version of the form.
pub const VERSION: u32 = 1;

/// Two checkpoints with what shows that they contradict each other; nothing in it is trusted until
/// [`Evidence::verify`] says so. As JSON it is a file to hand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Evidence {
    /// [`VERSION`].
    pub evidence: u32,
    /// The verifier key of the log.
    pub log: String,
    /// The checkpoint of the smaller log: a signed note.
    pub smaller: String,
    /// The checkpoint of the larger log, or of one of the same size: a signed note.
    pub larger: String,
    /// What the larger log was at the smaller size: see [`root_before`]. Standard base64; empty if the sizes are the
    /// same.
    pub proof: Vec<String>,
    /// If one of the two is signed by a key that the log had before: that key, and what leads from it to the log's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousKey>,
}

object!(write Evidence { evidence, log, smaller, larger, proof, [previous] });

/// A key that a log had before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PreviousKey {
    /// Its verifier key.
    pub log: String,
    /// The C2SP tlog-proofs of the announcements: see [`successor`].
    pub handovers: Vec<String>,
}

object!(write PreviousKey { log, handovers });

/// What evidence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The smaller checkpoint.
    pub smaller: Checkpoint,
    /// The larger one, or another one of the same size.
    pub larger: Checkpoint,
    /// The root that the larger log had at the smaller size.
    pub held: Hash,
}

/// Why evidence shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It is of another version than [`VERSION`].
    #[error("evidence of version {0} is not known")]
    Version(u32),
    /// The key cannot be read.
    #[error("the log's key cannot be read: {0}")]
    Key(NoteError),
    /// A checkpoint is not one that the key signed.
    #[error("the checkpoint of the {which} log does not hold: {error}")]
    Checkpoint {
        /// `smaller` or `larger`.
        which: &'static str,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The log was not handed over from the previous key.
    #[error("the previous key did not hand the log over to the other: {0}")]
    Handover(#[from] HandoverError),
    /// The proof does not lead to the larger log's root, so it shows nothing about it.
    #[error("the proof is not one of the larger log")]
    Proof,
    /// The two agree: the log only grew.
    #[error("the two checkpoints agree: the smaller log is the begin of the larger one")]
    Agree,
}

impl Evidence {
    /// Evidence from two checkpoints and a proof; `log` is the verifier key.
    pub fn new(log: &str, smaller: &str, larger: &str, proof: &[Hash]) -> Self {
        let proof = proof.iter().map(|hash| hash.to_base64()).collect();
        Self {
            evidence: VERSION,
            log: log.to_owned(),
            smaller: smaller.to_owned(),
            larger: larger.to_owned(),
            proof,
            previous: None,
        }
    }

    /// What this shows, to anybody who knows that the key is the log's.
    pub fn verify(&self) -> Result<Contradiction, EvidenceError> {
        if self.evidence != VERSION {
            return Err(EvidenceError::Version(self.evidence));
        }
        let key = LogKey::parse(&self.log).map_err(EvidenceError::Key)?;
        let previous = self.previous.as_ref().map(|previous| previous.verify(&key)).transpose()?;
        let signed = |which, note: &str| {
            Checkpoint::verify(note, &key)
                .or_else(|error| match &previous {
                    Some(previous) => Checkpoint::verify(note, previous),
                    None => Err(error),
                })
                .map_err(|error| EvidenceError::Checkpoint { which, error })
        };
        let (smaller, larger) = (signed("smaller", &self.smaller)?, signed("larger", &self.larger)?);
        let proof: Option<Vec<Hash>> = self.proof.iter().map(|hash| Hash::from_base64(hash)).collect();
        let proof = proof.ok_or(EvidenceError::Proof)?;
        let held = match proof.as_slice() {
            [] if smaller.size == larger.size => larger.root,
            proof => {
                root_before(smaller.size, larger.size, &larger.root, proof).ok_or(EvidenceError::Proof)?
            }
        };
        if held == smaller.root {
            Err(EvidenceError::Agree)
        } else {
            Ok(Contradiction { smaller, larger, held })
        }
    }
}

impl PreviousKey {
    /// The key, if it led to `key`.
    fn verify(&self, key: &LogKey) -> Result<LogKey, EvidenceError> {
        let previous = LogKey::parse(&self.log).map_err(EvidenceError::Key)?;
        let proofs = self.handovers.iter().map(|text| Receipt::parse(text));
        let proofs: Vec<Receipt> = proofs.collect::<Result<_, _>>().map_err(HandoverError::from)?;
        if successor(&previous, &proofs)? == *key { Ok(previous) } else { Err(HandoverError::Keys.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;
    use crate::ledger::merkle::tree_root;
    use crate::ledger::reference::{path, subproof};
    use crate::ledger::{Entry, KeyEntry, LogSigner, merkle};

    fn signer(seed: u8) -> LogSigner {
        LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap()
    }

    fn leaves(count: u8, changed: u8) -> Vec<Hash> {
        (0..count).map(|n| Hash::of(&[n, u8::from(n == changed)])).collect()
    }

    fn note(leaves: &[Hash]) -> String {
        let (size, root) = (leaves.len() as u64, tree_root(leaves));
        Checkpoint { origin: "log.example".into(), size, root }.sign(&signer(1))
    }

    fn evidence(smaller: &[Hash], larger: &[Hash]) -> Evidence {
        let proof =
            if smaller.len() == larger.len() { Vec::new() } else { subproof(smaller.len(), larger, false) };
        Evidence::new(&signer(1).log_key().to_vkey(), &note(smaller), &note(larger), &proof)
    }

    #[test]
    fn a_rewritten_log_is_proved_and_an_honest_one_never() {
        for small in 1..=20 {
            for large in small..=20 {
                let (was, honest, rewritten) =
                    (leaves(small, 99), leaves(large, 99), leaves(large, small - 1));
                let shown = evidence(&was, &rewritten).verify().unwrap();
                let expected = tree_root(&rewritten[..usize::from(small)]);
                assert_eq!((shown.smaller.root, shown.held), (tree_root(&was), expected));
                assert_eq!(evidence(&was, &honest).verify(), Err(EvidenceError::Agree), "{small} of {large}");
            }
        }
    }

    #[test]
    fn nothing_can_be_made_up() {
        let good = evidence(&leaves(5, 99), &leaves(9, 2));
        good.verify().unwrap();
        let read: Evidence = serde_json::from_str(&serde_json::to_string(&good).unwrap()).unwrap();
        assert_eq!(read, good);
        let broken = |change: fn(&mut Evidence)| {
            let mut other = good.clone();
            change(&mut other);
            other.verify().unwrap_err()
        };
        assert_eq!(broken(|e| e.evidence = 2), EvidenceError::Version(2));
        assert!(matches!(broken(|e| e.log.truncate(9)), EvidenceError::Key(_)));
        let foreign = signer(2).log_key().to_vkey();
        let mut by_another = good.clone();
        by_another.log = foreign;
        assert!(matches!(by_another.verify(), Err(EvidenceError::Checkpoint { which: "smaller", .. })));
        assert!(matches!(
            broken(|e| e.larger = e.larger.replace("\n9\n", "\n8\n")),
            EvidenceError::Checkpoint { which: "larger", .. }
        ));
        assert_eq!(broken(|e| e.proof.clear()), EvidenceError::Proof);
        assert_eq!(broken(|e| e.proof[0] = Hash::of(b"x").to_base64()), EvidenceError::Proof);
        assert_eq!(broken(|e| e.proof[0] = "no hash".into()), EvidenceError::Proof);
        assert_eq!(broken(|e| std::mem::swap(&mut e.smaller, &mut e.larger)), EvidenceError::Proof);
    }

    #[test]
    fn a_checkpoint_of_the_key_before_counts_as_the_logs_if_that_key_handed_it_over() {
        let (old, new) = (signer(1), signer(2));
        let (was, mut now) = (leaves(5, 99), leaves(9, 2));
        let announcement = Entry::Key(KeyEntry::new(&old, &new).unwrap()).to_bytes();
        now[7] = merkle::leaf_hash(&announcement);
        let checkpoint =
            Checkpoint { origin: "log.example".into(), size: 9, root: tree_root(&now) }.sign(&new);
        let handover =
            Receipt { entry: announcement, index: 7, proof: path(7, &now), checkpoint: checkpoint.clone() };
        let mut evidence =
            Evidence::new(&new.log_key().to_vkey(), &note(&was), &checkpoint, &subproof(5, &now, false));
        assert!(matches!(evidence.verify(), Err(EvidenceError::Checkpoint { which: "smaller", .. })));
        let previous = PreviousKey { log: old.log_key().to_vkey(), handovers: vec![handover.to_string()] };
        evidence.previous = Some(previous.clone());
        assert_eq!(evidence.verify().unwrap().smaller.root, tree_root(&was));
        for (log, handovers) in [
            (signer(3).log_key().to_vkey(), previous.handovers.clone()),
            (previous.log.clone(), Vec::new()),
            (previous.log.clone(), vec!["no proof".to_owned()]),
        ] {
            evidence.previous = Some(PreviousKey { log, handovers });
            assert!(matches!(evidence.verify(), Err(EvidenceError::Handover(_))));
        }
    }
}
