//! Sealing: events become the next batch of the device's chain.

use crate::ids::Ids;
use crate::io::{Entropy, Now};
use crate::prelude::*;
use crate::queue::Cut;
use crate::record::{self, BatchRecord, State};
use delistening_schema::batch::{Anchor, Draft, Dropped};
use delistening_schema::{Hash, PublicKey, jws};

/// A batch that waits for its signature.
pub struct Unsigned {
    pub ticket: u64,
    pub keys: Vec<String>,
    seq: u64,
    listener: String,
    events: usize,
    since: Option<u64>,
    dropped: Vec<Dropped>,
    signing_input: String,
}

/// Makes the next batch. `state` must name the audience.
pub fn prepare(
    state: &State,
    key: &PublicKey,
    cut: Cut,
    (sdk, audience, anchor): (&str, &str, Option<Anchor>),
    now: Now,
    (ids, entropy): (&mut Ids, &mut dyn Entropy),
    ticket: u64,
) -> Unsigned {
    let mut nonce = [0; 16];
    entropy.fill(&mut nonce);
    let seq = state.seq + 1;
    let events = cut.events.len();
    let since = cut.keys.first().and_then(|key| record::event_time(key));
    let dropped: Vec<Dropped> =
        state.dropped.iter().map(|(&reason, &events)| Dropped { reason, events }).collect();
    let texts: Vec<&str> = cut.events.iter().map(String::as_str).collect();
    let draft = Draft {
        batch: ids.next(now.wall_ms, entropy),
        seq,
        prev: state.prev,
        nonce,
        aud: audience,
        listener: &cut.listener,
        anchor: anchor.as_ref(),
        sent_at: now.wall_ms,
        sdk,
        events: &texts,
        dropped: &dropped,
    };
    let signing_input = draft.signing_input(key);
    Unsigned { ticket, keys: cut.keys, seq, listener: cut.listener, events, since, dropped, signing_input }
}

impl Unsigned {
    /// What the device's key signs.
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// Puts the signature on, and moves the chain on.
    pub fn seal(self, signature: &[u8; 64], state: &mut State) -> (BatchRecord, Vec<String>) {
        let jws = jws::with_signature(self.signing_input, signature);
        state.seq = self.seq;
        state.prev = Some(Hash::of(jws.as_bytes()));
        // More may have been given up while the key was signing.
        for Dropped { reason, events } in &self.dropped {
            if let Some(untold) = state.dropped.get_mut(reason) {
                *untold = untold.saturating_sub(*events);
            }
        }
        state.dropped.retain(|events| *events > 0);
        let Self { seq, listener, events, since, dropped, keys, .. } = self;
        (BatchRecord { seq, listener, events, since, dropped, jws }, keys)
    }
}
