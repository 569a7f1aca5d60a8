//! Which log is believed, and why: keys by origin, the newest checkpoint, and that it only ever grows.

use crate::prelude::*;
use crate::record::{LogState, State};
use delistening_schema::ledger::{Checkpoint, Evidence, LogKey, PreviousKey, Receipt, merkle};
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
    /// The log is signed by a key that is not believed, or not yet.
    Key {
        /// The key.
        key: Box<LogKey>,
        /// Why not, in words.
        detail: String,
    },
    /// What should be a log's key cannot be read.
    NoKey(String),
    /// The log is not the one that the request named, which was not asked to prove anything.
    NotAsked {
        /// Which it is.
        origin: String,
    },
    /// Nothing shows that the log continues what it was, nor that it does not.
    Unproved {
        /// Which log.
        origin: String,
        /// The checkpoint it has shown.
        shown: String,
    },
    /// The log is not what it was.
    Rewritten(Box<Evidence>),
}

/// What shows that a receipt's checkpoint and the newest one known are of one history.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// The answer, if the request named the newest checkpoint of this log.
    Answer {
        /// Which log's newest checkpoint the request named.
        named: Option<&'a str>,
    },
    /// The log's tiles have shown it.
    Tiles,
}

/// How two checkpoints of one log stand to each other.
pub enum Relation {
    OneHistory,
    Unproved,
    Contradiction(Box<Evidence>),
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
/// origin.
pub fn check(
    state: &mut State,
    pinned: &[LogKey],
    vkey: &str,
    jws: &str,
    answer: &Acknowledgement,
    proof: Proof<'_>,
) -> Result<Verified, Distrust> {
    let key = believed_key(state, pinned, vkey)?;
    let receipt = Receipt::parse(&answer.receipt).map_err(|error| Distrust::Receipt(error.to_string()))?;
    let (entry, checkpoint) =
        receipt.verify(jws.as_bytes(), &key).map_err(|error| Distrust::Receipt(error.to_string()))?;
    let (origin, shown) = (checkpoint.origin.clone(), receipt.checkpoint);
    let log = state.logs.get_or_insert_with(origin.clone(), || LogState::new(&key));
    if log.key != vkey {
        // The app has pinned another key than before.
        log.hand_over(&key, Vec::new());
    }
    if let (Some(known), Proof::Answer { named }) = (&log.checkpoint, proof) {
        if !same_size(known, &checkpoint) && named != Some(origin.as_str()) {
            return Err(Distrust::NotAsked { origin });
        }
        match relate_by_consistency(log, known, &shown, &answer.consistency) {
            Relation::OneHistory => {}
            Relation::Unproved => return Err(Distrust::Unproved { origin, shown }),
            Relation::Contradiction(evidence) => return Err(Distrust::Rewritten(evidence)),
        }
    }
    log.advance(&shown);
    state.newest = Some(origin);
    Ok(Verified { index: receipt.index, received: entry.received, checkpoint, note: shown })
}

fn same_size(note: &str, checkpoint: &Checkpoint) -> bool {
    Checkpoint::unverified(note).is_ok_and(|known| known.size == checkpoint.size)
}

fn believed_key(state: &State, pinned: &[LogKey], vkey: &str) -> Result<LogKey, Distrust> {
    let key = LogKey::parse(vkey).map_err(|error| Distrust::NoKey(error.to_string()))?;
    let log = state.logs.get(key.name());
    let why = if pinned.is_empty() {
        log.filter(|log| log.key != vkey).map(|_| "shows another key than before")
    } else {
        let led = log.filter(|log| log.key == vkey).and_then(|log| log.led.as_ref());
        let from_pinned = led.is_some_and(|led| pinned.iter().any(|pin| pin.to_vkey() == led.from));
        (!from_pinned && !pinned.contains(&key)).then_some("shows a key that is not among those pinned")
    };
    match why {
        Some(why) => {
            Err(Distrust::Key { detail: format!("the log {} {why}", key.name()), key: Box::new(key) })
        }
        None => Ok(key),
    }
}

/// The key that was believed first for the log of a name: what a new one must be led to from.
pub fn first_key(state: &State, pinned: &[LogKey], name: &str) -> Option<LogKey> {
    if let Some(pin) = pinned.iter().find(|pin| pin.name() == name) {
        return Some(pin.clone());
    }
    let log = state.logs.get(name).filter(|_| pinned.is_empty())?;
    LogKey::parse(log.led.as_ref().map_or(&log.key, |led| &led.from)).ok()
}

/// Relates two checkpoints by a consistency proof of RFC 6962, which does not repeat the smaller root where that is a
/// node of the larger tree.
fn relate_by_consistency(log: &LogState, known: &str, shown: &str, proof: &[String]) -> Relation {
    let Some([(smaller, _), _]) = by_size(known, shown) else { return Relation::Unproved };
    let seed = smaller.size.is_power_of_two().then_some(smaller.root);
    let proof: Option<Vec<Hash>> = proof.iter().map(|hash| Hash::from_base64(hash)).collect();
    let proof = proof.map(|proof| seed.into_iter().chain(proof).collect::<Vec<Hash>>());
    relate(log, known, shown, &proof.unwrap_or_default())
}

/// Relates two checkpoints, which the log signed, by a proof of what the larger log was: see [`merkle::root_before`].
/// None is needed for two of one size.
pub fn relate(log: &LogState, known: &str, shown: &str, proof: &[Hash]) -> Relation {
    let Some([(smaller, small), (larger, large)]) = by_size(known, shown) else { return Relation::Unproved };
    let (held, proof) = if smaller.size == larger.size {
        (Some(larger.root), [].as_slice())
    } else {
        (merkle::root_before(smaller.size, larger.size, &larger.root, proof), proof)
    };
    match held {
        None => Relation::Unproved,
        Some(held) if held == smaller.root => Relation::OneHistory,
        Some(_) => Relation::Contradiction(Box::new(evidence(log, small, large, proof))),
    }
}

fn evidence(log: &LogState, smaller: &str, larger: &str, proof: &[Hash]) -> Evidence {
    let handovers = || log.led.as_ref().map(|led| led.handovers.clone()).unwrap_or_default();
    Evidence {
        previous: log.checkpoint_key.clone().map(|log| PreviousKey { log, handovers: handovers() }),
        ..Evidence::new(&log.key, smaller, larger, proof)
    }
}

/// Two checkpoints with their notes, the smaller first.
pub fn by_size<'a>(a: &'a str, b: &'a str) -> Option<[(Checkpoint, &'a str); 2]> {
    let mut both = [(Checkpoint::unverified(a).ok()?, a), (Checkpoint::unverified(b).ok()?, b)];
    both.sort_by_key(|(checkpoint, _)| checkpoint.size);
    Some(both)
}
