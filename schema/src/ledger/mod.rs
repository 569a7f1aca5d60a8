//! The ledger as a reader sees it: entries, Merkle trees, checkpoints, receipts, and how each is checked.
//!
//! Follows RFC 6962 (hashing and proofs) and C2SP `signed-note` v1.0.0, `tlog-checkpoint` v1.0.0,
//! `tlog-tiles` v0.1.0, `tlog-proof`, `tlog-cosignature` and `tlog-policy`. Building a log is the server's work; nothing here stores anything.
//! Start with [`Receipt::verify`].

mod checkpoint;
mod cosignature;
mod entry;
mod evidence;
mod handover;
pub mod merkle;
mod note;
mod policy;
mod receipt;
#[cfg(any(test, feature = "reference"))]
pub mod reference;
pub mod sealed;
pub mod tiles;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{
    BatchEntry, Entry, ErasureEntry, KeyEntry, RuleEntry, RuleKind, StatementEntry, VerdictEntry,
};
pub use evidence::{Contradiction, Evidence, EvidenceError, PreviousKey};
pub use handover::{HandoverError, successor};
pub use note::{LogKey, LogSigner, NoteError, NoteKey, NoteSigner, SignedNote, WitnessKey, WitnessSigner};
pub use policy::{Policy, PolicyError, Witness};
pub use receipt::{Receipt, ReceiptError};
pub use sealed::Sealed;
