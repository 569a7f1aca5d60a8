//! Sealing: events become the next batch of the device's chain.

use crate::ids::Ids;
use crate::io::{Entropy, Now};
use crate::queue::Cut;
use crate::record::{BatchRecord, State};
use delistening_schema::{Anchor, Batch, Hash, PublicKey, batch, jws};

/// A batch that waits for its signature.
pub struct Unsigned {
    pub ticket: u64,
    pub keys: Vec<String>,
    seq: u64,
    listener: String,
    events: usize,
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
    let payload = Batch {
        v: batch::VERSION,
        batch: ids.next(now.wall_ms, entropy),
        device: key.thumbprint(),
        seq,
        prev: state.prev,
        nonce,
        aud: audience.to_owned(),
        listener: cut.listener.clone(),
        anchor,
        sent_at: now.wall_ms,
        sdk: sdk.to_owned(),
        events: cut.events,
    };
    let signing_input = payload.signing_input(key);
    Unsigned { ticket, keys: cut.keys, seq, listener: cut.listener, events, signing_input }
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
        (BatchRecord { seq: self.seq, listener: self.listener, events: self.events, jws }, self.keys)
    }
}
