//! What proves something: notes, receipts, policies, exports.

use super::text;
use crate::seeds;
use delistening_schema::api::LogKeys;
use delistening_schema::audit::{Auditor, CheckedLine};
use delistening_schema::ledger::{
    Checkpoint, Entry, LogKey, Policy, Receipt, SignedNote, WitnessKey, successor,
};

pub fn receipt(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(receipt) = Receipt::parse(text) else { return };
    assert_eq!(Receipt::parse(&receipt.to_string()).as_ref(), Ok(&receipt));
    let key = seeds::log_signer();
    if receipt.verify(seeds::batch().as_bytes(), key.log_key()).is_ok() {
        assert!(receipt.verify(b"another batch", key.log_key()).is_err());
    }
}

pub fn signed_note(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    // Verifier keys come in the same texts.
    if let Ok(key) = LogKey::parse(text) {
        assert_eq!(LogKey::parse(&key.to_vkey()), Ok(key));
    }
    if let Ok(key) = WitnessKey::parse(text) {
        assert_eq!(WitnessKey::parse(&key.to_vkey()), Ok(key));
    }
    let Ok(note) = SignedNote::parse(text) else { return };
    let unverified = note.unverified_text();
    assert!(text.starts_with(unverified));
    let signer = seeds::log_signer();
    let _ = note.cosigned(seeds::witness().public());
    if let Ok(checkpoint) = Checkpoint::verify(text, signer.log_key()) {
        assert_eq!(Checkpoint::unverified(text), Ok(checkpoint));
    }
}

pub fn entry(bytes: &[u8]) {
    if let Some(entry) = Entry::from_bytes(bytes) {
        assert_eq!(entry.to_bytes(), bytes, "an entry has one spelling");
    }
}

pub fn policy(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(policy) = Policy::parse(text) else { return };
    let _ = policy.witnesses().count();
    let _ = policy.verify(&seeds::checkpoint());
}

/// A whole export, line by line.
pub fn export_line(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mut auditor = Auditor::new(seeds::log_signer().log_key().clone());
    for line in text.lines() {
        auditor.take(CheckedLine::check(line));
    }
    let entries = auditor.entries();
    assert_eq!(auditor.finish().entries, entries);
}

pub fn log_keys(bytes: &[u8]) {
    let Ok(keys) = serde_json::from_slice::<LogKeys>(bytes) else { return };
    let proofs: Vec<Receipt> = keys.handovers.iter().filter_map(|proof| Receipt::parse(proof).ok()).collect();
    let believed = seeds::log_signer();
    if let Ok(key) = successor(believed.log_key(), &proofs) {
        assert_eq!(key.name(), believed.log_key().name());
    }
}
