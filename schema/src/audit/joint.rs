//! Sessions of which several logs hold parts: what they are worth by all of them, from the exports of all.
//!
//! Nodes that share a store come to the same by what they stored there. An auditor needs nothing but the exports.

use crate::analysis::Analysis;
use crate::judge::{Heard, has_gap, joint};
use crate::key::DeviceId;
use crate::play::{Play, SessionKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one log holds of plays.
#[derive(Debug)]
pub struct Holdings {
    origin: String,
    batches: Vec<Heard>,
    plays: BTreeMap<SessionKey, Play>,
}

impl Holdings {
    pub(super) fn new(origin: String, batches: Vec<Heard>, plays: BTreeMap<SessionKey, Play>) -> Self {
        Self { origin, batches, plays }
    }
}

/// A session that counts once, though several logs hold parts of it or of what came before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JointPlay {
    /// The log that received its first part, whose node counts it.
    pub counted_by: String,
    /// What each log says of the part that it holds.
    pub said: BTreeMap<String, Play>,
    /// What it is worth by all of them.
    pub play: Play,
}

/// A batch, and the log that holds it.
type Place<'a> = (&'a str, &'a Heard);

/// The sessions of which several of these logs hold parts, and those that are worth something else because another log has
/// batches that theirs misses. In the order of their names.
pub fn joint_plays(analysis: Analysis, logs: &[Holdings]) -> Vec<JointPlay> {
    let analysis = Arc::new(analysis);
    let mut chain: BTreeMap<(DeviceId, u64), Vec<Place<'_>>> = BTreeMap::new();
    let mut parts: BTreeMap<SessionKey, Vec<Place<'_>>> = BTreeMap::new();
    for Holdings { origin, batches, .. } in logs {
        for heard in batches {
            chain.entry((heard.device, heard.link().seq)).or_default().push((origin, heard));
            for (key, _) in &heard.fragments {
                parts.entry(*key).or_default().push((origin, heard));
            }
        }
    }
    parts.iter().filter_map(|(key, parts)| of_session(&analysis, key, parts, &chain, logs)).collect()
}

fn of_session(
    analysis: &Arc<Analysis>,
    key: &SessionKey,
    parts: &[Place<'_>],
    chain: &BTreeMap<(DeviceId, u64), Vec<Place<'_>>>,
    logs: &[Holdings],
) -> Option<JointPlay> {
    let said: BTreeMap<String, Play> =
        logs.iter().filter_map(|log| Some((log.origin.clone(), log.plays.get(key)?.clone()))).collect();
    let shared = parts.iter().any(|(log, _)| *log != parts[0].0);
    if !shared && !said.values().any(has_gap) {
        return None;
    }
    let received = |(log, heard): &Place<'_>| {
        let of_it = heard.fragments.iter().find(|(other, _)| other == key);
        (of_it.map_or(u64::MAX, |(_, fragment)| fragment.received), (*log).to_owned(), heard.leaf())
    };
    let (counted_by, _) = parts.iter().min_by_key(|place| received(place))?;
    // What is beside its batches in the chain matters as well, but not what that says of other sessions.
    let near: BTreeSet<u64> = parts
        .iter()
        .map(|(_, heard)| heard.link().seq)
        .flat_map(|seq| [seq.saturating_sub(1), seq, seq.saturating_add(1)])
        .collect();
    let held = near.iter().filter_map(|seq| chain.get(&(key.device, *seq))).flatten().map(|(log, heard)| {
        let Heard { device, listener, fragments, .. } = heard;
        let fragments = fragments.iter().filter(|(other, _)| other == key).cloned().collect();
        let heard = Heard::from_parts(*device, listener.clone(), heard.leaf(), heard.link(), fragments);
        ((*log).to_owned(), heard)
    });
    let plays: Vec<Play> = said.values().cloned().collect();
    let play = joint(analysis, key, held.collect(), &plays)?;
    let news = shared || said.values().any(|own| *own != play);
    news.then(|| JointPlay { counted_by: (*counted_by).to_owned(), said, play })
}
