//! Which log is believed, and why: keys by origin, the newest checkpoint, and that it only ever grows.

use crate::record::{LogState, State};
use delistening_schema::ledger::{Checkpoint, LogKey, Receipt, merkle};
use delistening_schema::{Anchor, Hash, api::Acknowledgement};

/// A receipt that holds.
pub struct Verified {
    pub index: u64,
    pub received: u64,
    pub checkpoint: Checkpoint,
    pub note: String,
}

/// Why a receipt is not believed.
#[derive(Debug, PartialEq, Eq)]
pub enum Distrust {
    /// The receipt does not prove that the log holds the batch.
    Receipt(String),
    /// The log is not the one that was believed before, or does not continue it.
    Log(String),
}

/// The newest checkpoint that was verified, of the log of the newest receipt.
pub fn newest(state: &State) -> Option<Checkpoint> {
    let log = state.logs.get(state.newest.as_ref()?)?;
    Checkpoint::unverified(log.checkpoint.as_ref()?).ok()
}

/// The newest checkpoint as an anchor for a batch.
pub fn anchor(state: &State) -> Option<Anchor> {
    newest(state).map(|Checkpoint { origin, size, root }| Anchor { origin, size, root })
}

/// Checks a receipt for the batch `jws`, and that its checkpoint and the newest one known are of one history.
/// `vkey` is the key the server says its log has: believed only if pinned, or if no other is known for its
/// origin. `known` says whether the request named the newest checkpoint of this log, so that the answer had
/// to prove consistency with it.
pub fn check(
    state: &mut State,
    pinned: &[LogKey],
    vkey: &str,
    jws: &str,
    answer: &Acknowledgement,
    known: Option<&str>,
) -> Result<Verified, Distrust> {
    let key = believed_key(state, pinned, vkey)?;
    let receipt = Receipt::parse(&answer.receipt).map_err(|error| Distrust::Receipt(error.to_string()))?;
    let (entry, checkpoint) =
        receipt.verify(jws.as_bytes(), &key).map_err(|error| Distrust::Receipt(error.to_string()))?;
    let log = state
        .logs
        .entry(checkpoint.origin.clone())
        .or_insert_with(|| LogState { key: key.to_vkey(), checkpoint: None });
    let before = log.checkpoint.as_deref().and_then(|note| Checkpoint::unverified(note).ok());
    let grew = match &before {
        None => true,
        Some(before) if before.size == checkpoint.size => {
            if before.root != checkpoint.root {
                return Err(rewritten(before, &checkpoint));
            }
            false
        }
        // The request named a checkpoint of another log: nothing was proved, so nothing is concluded yet.
        Some(_) if known != Some(checkpoint.origin.as_str()) => false,
        Some(before) => {
            if !one_history(before, &checkpoint, &answer.consistency) {
                return Err(rewritten(before, &checkpoint));
            }
            checkpoint.size > before.size
        }
    };
    if grew {
        log.checkpoint = Some(receipt.checkpoint.clone());
    }
    state.newest = Some(checkpoint.origin.clone());
    Ok(Verified { index: receipt.index, received: entry.received, checkpoint, note: receipt.checkpoint })
}

fn believed_key(state: &State, pinned: &[LogKey], vkey: &str) -> Result<LogKey, Distrust> {
    let key = LogKey::parse(vkey).map_err(|error| Distrust::Log(error.to_string()))?;
    if !pinned.is_empty() {
        return match pinned.iter().find(|pin| **pin == key) {
            Some(_) => Ok(key),
            None => Err(Distrust::Log(format!("the log key of {} is not among those pinned", key.name()))),
        };
    }
    match state.logs.get(key.name()) {
        Some(log) if log.key != vkey => {
            Err(Distrust::Log(format!("the log {} shows another key than before", key.name())))
        }
        _ => Ok(key),
    }
}

fn one_history(a: &Checkpoint, b: &Checkpoint, proof: &[String]) -> bool {
    let (old, new) = if a.size <= b.size { (a, b) } else { (b, a) };
    let proof: Option<Vec<Hash>> = proof.iter().map(|hash| Hash::from_base64(hash)).collect();
    proof.is_some_and(|proof| merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof))
}

fn rewritten(before: &Checkpoint, now: &Checkpoint) -> Distrust {
    Distrust::Log(format!(
        "the log {} at size {} does not agree with what it was at size {}: its history was changed",
        now.origin, now.size, before.size
    ))
}
