//! What devices send: parcels of plays, and the batches that they become.

use super::play::{Play, uuid};
use super::rng::Rng;
use delistening_schema::key::DeviceId;
use delistening_schema::play::{Received, SessionKey};
use delistening_schema::{Batch, Hash, IntakeContext};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// What a batch does to its device's chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tie {
    /// It follows the batch before it.
    #[default]
    Next,
    /// It follows one that is never sent.
    AfterALostOne,
    /// It is from another hand with the same key than the one before it.
    Beside,
}

/// What a device sends at once.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The device's number.
    pub device: u64,
    /// The listener.
    pub listener: String,
    /// When it is received, milliseconds since 1970.
    pub received: u64,
    /// When the device last heard of the log before the first of the plays; `None` to work it out from what it sent.
    pub anchored: Option<u64>,
    /// Whether the device had never heard of the log when it recorded this.
    pub unanchored: bool,
    /// What the server knows of where it came from.
    pub context: IntakeContext,
    /// By how much the device's clock is ahead when it seals the batch.
    pub clock: i64,
    /// Its place in the chain.
    pub tie: Tie,
    /// What was played, each with its label.
    pub plays: Vec<(Play, super::Kind)>,
}

/// A parcel as a batch, without its signature.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The device's number.
    pub device: u64,
    /// The batch; `device` in it is [`device_id`].
    pub batch: Batch,
    /// How it is received.
    pub received: Received,
}

/// The id of a device that signs nothing.
pub fn device_id(number: u64) -> DeviceId {
    DeviceId(Hash::of(&number.to_be_bytes()))
}

/// Parcels in the order of their receipt as batches, and the labels of their sessions.
pub fn letters(
    mut parcels: Vec<Parcel>,
    progress_every: u64,
    ids: &mut Rng,
) -> (Vec<Letter>, BTreeMap<SessionKey, super::Kind>) {
    parcels.sort_by_key(|parcel| (parcel.received, parcel.device));
    let mut chains: HashMap<u64, Chain> = HashMap::new();
    let mut labels = BTreeMap::new();
    let mut letters = Vec::with_capacity(parcels.len());
    for (leaf, parcel) in (1..).zip(parcels) {
        let device = device_id(parcel.device);
        let chain = chains.entry(parcel.device).or_default();
        let first = parcel.plays.iter().map(|(play, _)| play.begin).min().unwrap_or(parcel.received);
        let anchored =
            if parcel.unanchored { None } else { parcel.anchored.or_else(|| chain.heard_before(first)) };
        let mut events = Vec::new();
        for (play, kind) in &parcel.plays {
            let session = uuid(play.begin, ids);
            labels.insert(SessionKey { device, session }, *kind);
            events.extend(play.events(session, progress_every, ids));
        }
        let hash = Hash::of(uuid(parcel.received, ids).as_bytes());
        let (seq, prev) = chain.tie(parcel.tie, hash);
        let batch = Batch {
            v: 1,
            batch: uuid(parcel.received, ids),
            device,
            seq,
            prev,
            nonce: [0; 16],
            aud: "delistening-dev".to_owned(),
            listener: parcel.listener,
            anchor: None,
            sent_at: parcel.received.saturating_sub(500).saturating_add_signed(parcel.clock),
            sdk: "listening/1".to_owned(),
            dropped: Vec::new(),
            events: events
                .iter()
                .map(|event| RawValue::from_string(event.to_json()).expect("an event is JSON"))
                .collect(),
        };
        chain.acks.push(parcel.received);
        let received = Received { leaf, at: parcel.received, anchored, hash, context: parcel.context };
        letters.push(Letter { device: parcel.device, batch, received });
    }
    (letters, labels)
}

/// What a device knows of what it sent.
#[derive(Debug, Default)]
struct Chain {
    end: End,
    /// The other hand that holds the key.
    beside: End,
    acks: Vec<u64>,
}

/// Where a chain goes on: the last batch's number and hash.
#[derive(Clone, Debug, Default)]
struct End {
    seq: u64,
    last: Option<Hash>,
}

impl Chain {
    /// When the device was last answered before `at`.
    fn heard_before(&self, at: u64) -> Option<u64> {
        self.acks.iter().rev().find(|ack| **ack <= at).copied()
    }

    fn tie(&mut self, tie: Tie, hash: Hash) -> (u64, Option<Hash>) {
        let mut prev = self.end.last;
        match tie {
            Tie::Next => {}
            Tie::AfterALostOne => {
                self.end.seq += 1;
                prev = Some(Hash::of_parts(&[b"lost", &hash.0]));
            }
            // Two hands take turns. The second was given a copy after the first batch, and both count on from there.
            Tie::Beside => {
                std::mem::swap(&mut self.end, &mut self.beside);
                if self.end.last.is_none() {
                    self.end = self.beside.clone();
                }
                prev = self.end.last;
            }
        }
        self.end = End { seq: self.end.seq + 1, last: Some(hash) };
        (self.end.seq, prev)
    }
}
