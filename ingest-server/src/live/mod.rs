//! Live counts: what the store holds, kept in memory and told to whoever watches.
//!
//! A reader gets a snapshot with a sequence number, then what changed since the number it has; with the number of a
//! reader before it, it goes on from there. Changes of a tenth of a second are told together, as one frame that all
//! readers share. Nothing is queued for a slow one: it gets what is true when it can take it, as an update from the number
//! it has or, where it is too far behind, as a new snapshot. See `reader` for that, `frame` for what is sent.

mod frame;
mod reader;

pub use frame::{Frame, Kind, LiveCounts, Message};
pub use reader::{Reader, Watched};

use crate::store::{Change, Held, Ranked, Store, StoreError};
use delistening_schema::play::{self, Play, Verdict};
use frame::Rendered;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// How many tracks, and how many artists, are kept in memory at the start; the store holds all.
const NAMES: u32 = 100_000;
/// Names of so many changes are remembered: a reader that is further behind gets a snapshot.
const RECENT: usize = 20_000;
/// Changes within this time are told together.
const CONFLATE: Duration = Duration::from_millis(100);

/// The counts, and what was told last.
#[derive(Debug)]
pub struct Live {
    counts: RwLock<Counts>,
    begun: AtomicBool,
    /// Rings with every change.
    bell: watch::Sender<u64>,
    /// What was told last, to all who have what was told before it.
    told: watch::Sender<Arc<Told>>,
    /// The newest snapshot that was asked for.
    snapshot: Mutex<Option<Arc<Rendered>>>,
}

/// One frame for all readers whose number is `after`.
#[derive(Debug, Default)]
struct Told {
    after: u64,
    seq: u64,
    /// Everything that changed.
    all: Message,
    /// The total alone.
    total: Message,
}

#[derive(Debug, Default)]
struct Counts {
    seq: u64,
    total: LiveCounts,
    tracks: Names,
    artists: Names,
    /// What changed with which number, in order.
    recent: VecDeque<(u64, Name)>,
    /// Whoever has this number or a greater one can be told what changed since.
    remembered: u64,
}

/// Counts by name, each with the number of its last change.
type Names = HashMap<Arc<str>, (LiveCounts, u64)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Track(Arc<str>),
    Artist(Arc<str>),
}

impl Live {
    /// Begins with what the store holds; with nothing if that is somewhere else and does not answer: then
    /// [`Self::begin`] is to be called when it does.
    pub fn open(store: &dyn Store) -> Result<Self, StoreError> {
        // Above every number of a process before this one, which counted a thousand changes in a millisecond at most.
        let seq = now_ms() << 10;
        let live = Self {
            counts: RwLock::new(Counts { seq, remembered: seq, ..Counts::default() }),
            begun: AtomicBool::new(false),
            bell: watch::channel(seq).0,
            told: watch::channel(Arc::new(Told { after: seq, seq, ..Told::default() })).0,
            snapshot: Mutex::default(),
        };
        match live.begin(store) {
            Err(StoreError::ClickHouse(error)) => {
                tracing::warn!(%error, "live counts begin with nothing, until ClickHouse answers");
            }
            begun => begun?,
        }
        // Nobody has read anything yet.
        let seq = live.counts.read().unwrap_or_else(PoisonError::into_inner).seq;
        live.told.send_replace(Arc::new(Told { after: seq, seq, ..Told::default() }));
        Ok(live)
    }

    /// Whether they are those of everything that the store holds.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Begins anew with what the store holds. Not while it takes something in.
    pub fn begin(&self, store: &dyn Store) -> Result<(), StoreError> {
        let held = store.held(NAMES)?;
        let seq = self.counts.write().unwrap_or_else(PoisonError::into_inner).begin(held);
        self.begun.store(true, Ordering::Release);
        self.bell.send_replace(seq);
        Ok(())
    }

    /// Tells readers what changes, until the process ends.
    pub async fn tell(self: Arc<Self>) {
        let mut bell = self.bell.subscribe();
        // What changed before this began to listen.
        bell.mark_changed();
        let mut after = self.told.borrow().seq;
        while bell.changed().await.is_ok() {
            let (all, total) = {
                let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
                (counts.since(Some(after), &Watched::Everything), counts.since(Some(after), &Watched::Total))
            };
            let seq = all.seq;
            if seq > after {
                let told = Told { after, seq, all: all.into(), total: total.into() };
                after = seq;
                self.told.send_replace(Arc::new(told));
            }
            // What changes now waits for the next time.
            tokio::time::sleep(CONFLATE).await;
        }
    }

    /// Counts what changed.
    pub fn apply(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let seq = self.counts.write().unwrap_or_else(PoisonError::into_inner).apply(changes);
        self.bell.send_replace(seq);
    }

    /// Everything, as it is now.
    pub fn snapshot(&self) -> Frame {
        self.since(None, &Watched::Everything)
    }

    /// What changed of what is watched after `seq`, or all of it: if `seq` is none, or not known any more. It has the
    /// number of what was told last, though it may hold newer counts: its reader then goes on with what is told to all,
    /// and is told some of it twice.
    fn since(&self, seq: Option<u64>, watched: &Watched) -> Frame {
        let told = self.told.borrow().seq;
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        Frame { seq: told, ..counts.since(seq, watched) }
    }

    /// Everything. The same for all who ask until something is told.
    fn everything(&self) -> Arc<Rendered> {
        let mut snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.told.borrow().seq;
        match &*snapshot {
            Some(known) if known.seq == told => Arc::clone(known),
            _ => {
                let frame = self.snapshot();
                let rendered = Arc::new(Rendered { seq: frame.seq, message: frame.into() });
                *snapshot = Some(Arc::clone(&rendered));
                rendered
            }
        }
    }
}

impl Counts {
    /// Whoever reads gets a snapshot of what there is now.
    fn begin(&mut self, Held { total, tracks, artists, waiting }: Held) -> u64 {
        let seq = self.seq + 1;
        let live = |counts: &play::Counts| LiveCounts {
            valid: counts.valid,
            not_counted: counts.short + counts.muted + counts.suspect + counts.invalid,
            heard_ms: counts.heard_ms,
        };
        let names = |ranked: Vec<Ranked>| {
            let each = ranked.into_iter().map(|one| (one.id.into(), (live(&one.counts), seq)));
            each.collect()
        };
        *self = Self {
            seq,
            total: live(&total),
            tracks: names(tracks),
            artists: names(artists),
            recent: VecDeque::new(),
            remembered: seq,
        };
        self.apply(&waiting)
    }

    fn apply(&mut self, changes: &[Change]) -> u64 {
        self.seq += 1;
        for Change { before, now } in changes {
            if let Some(play) = before {
                self.count(play, LiveCounts::take_out);
            }
            if let Some(play) = now {
                self.count(play, LiveCounts::put_in);
            }
        }
        while self.recent.len() > RECENT {
            if let Some((seq, _)) = self.recent.pop_front() {
                self.remembered = seq;
            }
        }
        self.seq
    }

    fn count(&mut self, play: &Play, change: fn(&mut LiveCounts, &Verdict)) {
        change(&mut self.total, &play.verdict);
        let subjects = [
            (&mut self.tracks, Some(&play.track), Name::Track as fn(_) -> _),
            (&mut self.artists, play.artist.as_ref(), Name::Artist as fn(_) -> _),
        ];
        for (names, name, kind) in subjects {
            let Some(name) = name else { continue };
            let name: Arc<str> = match names.get_key_value(name.as_str()) {
                Some((known, _)) => Arc::clone(known),
                None => name.as_str().into(),
            };
            let (counts, last_seq) = names.entry(Arc::clone(&name)).or_default();
            change(counts, &play.verdict);
            if *last_seq != self.seq {
                *last_seq = self.seq;
                self.recent.push_back((self.seq, kind(name)));
            }
        }
    }

    fn since(&self, seq: Option<u64>, watched: &Watched) -> Frame {
        let known = seq.filter(|seq| (self.remembered..=self.seq).contains(seq));
        let kind = if known.is_some() { Kind::Update } else { Kind::Snapshot };
        let mut frame = Frame::new(kind, self.seq, self.total.clone());
        let wanted = |last_seq: &u64| known.is_none_or(|seq| *last_seq > seq);
        let one = |names: &Names, id: &str| match names.get(id) {
            Some((counts, last_seq)) => wanted(last_seq).then(|| counts.clone()),
            // Nothing of it was played yet.
            None => known.is_none().then(LiveCounts::default),
        };
        let copy = |names: &Names| {
            let each = names.iter().map(|(id, (counts, _))| (id.to_string(), counts.clone()));
            each.collect()
        };
        match (watched, known) {
            (Watched::Total, _) => {}
            (Watched::Track(id), _) => {
                frame.tracks.extend(one(&self.tracks, id).map(|counts| (id.clone(), counts)));
            }
            (Watched::Artist(id), _) => {
                frame.artists.extend(one(&self.artists, id).map(|counts| (id.clone(), counts)));
            }
            (Watched::Everything, None) => {
                (frame.tracks, frame.artists) = (copy(&self.tracks), copy(&self.artists));
            }
            (Watched::Everything, Some(seq)) => {
                for (_, name) in self.recent.iter().rev().take_while(|(changed, _)| *changed > seq) {
                    let (into, names, id) = match name {
                        Name::Track(id) => (&mut frame.tracks, &self.tracks, id),
                        Name::Artist(id) => (&mut frame.artists, &self.artists, id),
                    };
                    if let Some((counts, _)) = names.get(id) {
                        into.insert(id.to_string(), counts.clone());
                    }
                }
            }
        }
        frame
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
