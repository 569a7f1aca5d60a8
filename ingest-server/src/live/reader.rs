//! One who watches. A reader holds a number and no queue.

use super::{Kind, Live, Message, Told};
use std::sync::Arc;
use tokio::sync::watch;

/// What a reader watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The total, every track and every artist.
    Everything,
    /// The total alone.
    Total,
    /// One track, and the total with it.
    Track(String),
    /// One artist, and the total with it.
    Artist(String),
}

/// One who watches.
#[derive(Debug)]
pub struct Reader {
    live: Arc<Live>,
    watched: Watched,
    /// What it has; nothing before its first snapshot.
    seq: Option<u64>,
    told: watch::Receiver<Arc<Told>>,
}

impl Reader {
    /// Begins with a snapshot, or goes on after `seq`, the number of the last frame of a reader before it.
    pub fn new(live: Arc<Live>, watched: Watched, seq: Option<u64>) -> Self {
        let told = live.told.subscribe();
        Self { live, watched, seq, told }
    }

    /// The next that it is to be sent. Waiting may be given up at any time.
    pub async fn next(&mut self) -> Message {
        loop {
            if let Some(message) = self.due() {
                return message;
            }
            // Its sender lives as long as `live`.
            let _ = self.told.changed().await;
        }
    }

    /// What was told since the last time, if anything of what is watched was.
    fn due(&mut self) -> Option<Message> {
        let told = Arc::clone(&self.told.borrow_and_update());
        let Some(seq) = self.seq.filter(|seq| *seq <= told.seq) else { return Some(self.snapshot()) };
        if seq == told.seq {
            return None;
        }
        // Whoever keeps up shares its bytes with all others.
        let shared = match self.watched {
            Watched::Everything => Some(&told.all),
            Watched::Total => Some(&told.total),
            Watched::Track(_) | Watched::Artist(_) => None,
        };
        if let Some(message) = shared.filter(|_| told.after == seq) {
            self.seq = Some(told.seq);
            return Some(message.clone());
        }
        let frame = self.live.since(Some(seq), &self.watched);
        if frame.kind == Kind::Snapshot {
            return Some(self.snapshot());
        }
        self.seq = Some(frame.seq);
        (shared.is_some() || frame.names_any()).then(|| frame.into())
    }

    fn snapshot(&mut self) -> Message {
        let (seq, message) = if self.watched == Watched::Everything {
            let snapshot = self.live.everything();
            (snapshot.seq, snapshot.message.clone())
        } else {
            let frame = self.live.since(None, &self.watched);
            (frame.seq, frame.into())
        };
        self.seq = Some(seq);
        message
    }
}
