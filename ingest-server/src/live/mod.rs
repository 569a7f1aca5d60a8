//! Live counts: what the store holds, kept in memory and told to whoever watches.
//!
//! A reader gets a snapshot with a sequence number, then what changed since the number it has. However slow
//! it is, there is nothing to queue for it: changes are read from the present counts when it asks.

use crate::store::{Change, Held, Store, StoreError};
use delistening_schema::play::{self, Play, Status, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use tokio::sync::watch;

/// Counts of one track, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LiveCounts {
    /// Plays that count.
    pub valid: u64,
    /// Sessions that do not.
    pub not_counted: u64,
    /// Media time heard in plays that count, in milliseconds.
    pub heard_ms: u64,
}

/// What a reader is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Grows with every change.
    pub seq: u64,
    /// All tracks together.
    pub total: LiveCounts,
    /// In a snapshot every track, in an update those that changed.
    pub tracks: BTreeMap<String, LiveCounts>,
}

/// The counts, and a bell for those who watch.
#[derive(Debug)]
pub struct Live {
    counts: RwLock<Counts>,
    begun: AtomicBool,
    bell: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Counts {
    seq: u64,
    total: LiveCounts,
    tracks: Tracks,
}

/// Each track's counts, and the sequence number of its last change.
type Tracks = BTreeMap<String, (LiveCounts, u64)>;

/// How many tracks are kept in memory for live counts; the store holds all.
const TRACKS: u32 = 100_000;

impl Live {
    /// Begins with what the store holds; with nothing if that is somewhere else and does not answer: then
    /// [`Self::begin`] is to be called when it does.
    pub fn open(store: &dyn Store) -> Result<Self, StoreError> {
        let (bell, _) = watch::channel(0);
        let live = Self { counts: RwLock::default(), begun: AtomicBool::new(false), bell };
        match live.begin(store) {
            Err(StoreError::ClickHouse(error)) => {
                tracing::warn!(%error, "live counts begin with nothing, until ClickHouse answers");
            }
            begun => begun?,
        }
        Ok(live)
    }

    /// Whether they are those of everything that the store holds.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Begins anew with what the store holds. Not while it takes something in.
    pub fn begin(&self, store: &dyn Store) -> Result<(), StoreError> {
        let Held { total, tracks, waiting } = store.held(TRACKS)?;
        let live = |counts: &play::Counts| LiveCounts {
            valid: counts.valid,
            not_counted: counts.short + counts.muted + counts.suspect + counts.invalid,
            heard_ms: counts.heard_ms,
        };
        let seq = {
            let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
            let seq = counts.seq + 1;
            let tracks = tracks.into_iter().map(|track| (track.id, (live(&track.counts), seq))).collect();
            *counts = Counts { seq, total: live(&total), tracks };
            counts.apply(&waiting);
            seq
        };
        self.begun.store(true, Ordering::Release);
        self.bell.send_replace(seq);
        Ok(())
    }

    /// Counts what changed.
    pub fn apply(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let seq = {
            let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
            counts.seq += 1;
            counts.apply(changes);
            counts.seq
        };
        self.bell.send_replace(seq);
    }

    /// A bell that rings with every change.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Everything.
    pub fn snapshot(&self) -> Frame {
        self.since(None)
    }

    /// What changed after `seq`.
    pub fn update(&self, seq: u64) -> Frame {
        self.since(Some(seq))
    }

    fn since(&self, seq: Option<u64>) -> Frame {
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        let newer = counts.tracks.iter().filter(|(_, (_, last_seq))| seq.is_none_or(|seq| *last_seq > seq));
        let tracks = newer.map(|(track, (counts, _))| (track.clone(), counts.clone())).collect();
        Frame { seq: counts.seq, total: counts.total.clone(), tracks }
    }
}

impl Counts {
    fn apply(&mut self, changes: &[Change]) {
        let Self { seq, total, tracks } = self;
        let mut count = |play: &Play, change: fn(&mut LiveCounts, &Verdict)| {
            let (track, last_seq) = tracks.entry(play.track.clone()).or_default();
            *last_seq = *seq;
            change(track, &play.verdict);
            change(total, &play.verdict);
        };
        for Change { before, now } in changes {
            if let Some(play) = before {
                count(play, LiveCounts::take_out);
            }
            if let Some(play) = now {
                count(play, LiveCounts::put_in);
            }
        }
    }
}

impl LiveCounts {
    fn put_in(&mut self, verdict: &Verdict) {
        if verdict.status == Status::Valid {
            self.valid += 1;
            self.heard_ms += verdict.heard_ms;
        } else {
            self.not_counted += 1;
        }
    }

    fn take_out(&mut self, verdict: &Verdict) {
        if verdict.status == Status::Valid {
            self.valid = self.valid.saturating_sub(1);
            self.heard_ms = self.heard_ms.saturating_sub(verdict.heard_ms);
        } else {
            self.not_counted = self.not_counted.saturating_sub(1);
        }
    }
}
