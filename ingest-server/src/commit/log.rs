//! An opened folder: journal, ledger and registry that agree with each other.

use super::committer::Committer;
use super::group::Committing;
use super::hold::Hold;
use super::recent::Recents;
use super::recovery;
use super::succession::{Succession, SuccessionError};
use crate::journal::{self, ArchiveOptions, Damage, Journal, JournalError, Keeper, Reader, Record, Writer};
use crate::ledger::{Files, Signers, Slots, TILE_WIDTH, Tree};
use delistening_schema::ledger::{
    Checkpoint, CheckpointError, Entry, LogKey, Receipt, RuleEntry, RuleKind, merkle,
};
use delistening_schema::{Hash, play};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// How a folder is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// A new segment begins when the present one has this many bytes.
    pub segment_bytes: u64,
    /// Where the journal's older segments go.
    pub archive: Option<ArchiveOptions>,
    /// How many requests may wait for the writer.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 * 1024 * 1024, archive: None, queue: 4096 }
    }
}

/// Why a folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error("another process holds the folder {0}; end it first, or give this one a folder of its own")]
    Held(PathBuf),
    /// The key that is given did not sign this log.
    #[error(
        "the log key given (vkey {given}) did not sign the log in this folder ({reason}); start with the key it \
         was made with, or give that as --previous-log-key to hand the log over"
    )]
    ForeignKey {
        /// The key given.
        given: String,
        /// What did not fit.
        reason: CheckpointError,
    },
    /// The keys given do not go on from those that the log says it had.
    #[error(transparent)]
    Succession(#[from] SuccessionError),
    /// What was signed is not what is in the journal.
    #[error(
        "the journal does not hold what was signed at size {size}: its root differs. Nothing is served that \
         cannot be proved; restore the folder from a backup"
    )]
    OtherRoot {
        /// The signed size.
        size: u64,
    },
    /// The journal is damaged below what was signed.
    #[error("{0}. Records below the signed size are never cut; restore the folder from a backup")]
    Damage(Damage),
    /// The journal cannot be read, or its archive.
    #[error(transparent)]
    Journal(JournalError),
    /// The registry cannot be used.
    #[error("the device registry cannot be used: {0}")]
    Registry(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("the folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damage(damage) => Self::Damage(damage),
            other => Self::Journal(other),
        }
    }
}

/// What readers share with the writer.
#[derive(Debug)]
pub(super) struct Shared {
    pub ledger: RwLock<Ledger>,
    pub published: watch::Sender<Published>,
    pub signers: Signers,
    /// The keys that the log had before, and where it was handed over.
    pub succession: Succession,
    pub recents: Recents,
}

impl Shared {
    /// Makes the ledger of at least the first `end` entries durable, so that a start need not read their records.
    fn keep_ledger(&self, end: u64) -> io::Result<()> {
        let unsynced = {
            let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
            ledger.files.unsynced().filter(|_| ledger.files.count() >= end)
        };
        let later = || io::Error::new(io::ErrorKind::WouldBlock, "the ledger is not written yet");
        unsynced.ok_or_else(later)?.sync()
    }
}

/// The tree with its files.
#[derive(Debug)]
pub(super) struct Ledger {
    pub tree: Tree,
    pub files: Files,
}

/// The newest checkpoint that anybody may see.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub size: u64,
    pub note: String,
}

impl Ledger {
    /// Adds an entry; gives its bytes.
    pub fn push(&mut self, entry: &Entry) -> Vec<u8> {
        let bytes = entry.to_bytes();
        let files = &mut self.files;
        self.tree.push(merkle::leaf_hash(&bytes), |level, hash| files.push(level, hash));
        files.push_entry(&bytes);
        if matches!(entry, Entry::Key(_)) {
            files.announces();
        }
        bytes
    }

    pub fn root(&self, size: u64) -> io::Result<Hash> {
        self.tree.root(size, &self.files)
    }
}

/// An opened folder. One process holds it at a time.
#[derive(Debug)]
pub struct Log {
    journal: Arc<Journal>,
    shared: Arc<Shared>,
    committer: Committer,
    _keeper: Keeper,
    _hold: Hold,
}

impl Log {
    /// Opens `folder`, recovers what a crash left, and starts the writer.
    /// With two keys in `signers`, it is handed over from the one to the other, unless that was done before.
    pub fn open(folder: &Path, signers: impl Into<Signers>, options: &Options) -> Result<Self, OpenError> {
        Self::open_held(Hold::take(folder)?, signers, options)
    }

    /// Opens a folder that is held already, as [`Log::open`] does.
    pub fn open_held(hold: Hold, signers: impl Into<Signers>, options: &Options) -> Result<Self, OpenError> {
        let (folder, signers) = (hold.folder(), signers.into());
        let ledger_folder = folder.join("ledger");
        std::fs::create_dir_all(&ledger_folder)?;
        let mut slots = Slots::open(&ledger_folder.join("signed"))?;
        let before = signed_before(&slots, &signers)?;
        let signed = before.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let kept =
            journal::Options { segment_bytes: options.segment_bytes, archive: options.archive.clone() };
        let (journal, mut writer) = Journal::open(&folder.join("journal"), &kept, signed)?;
        let (mut ledger, mut succession) =
            recovery::ledger(&ledger_folder, &journal, writer.next(), before.as_ref())?;
        let handover = succession.next(&signers, slots.newest())?;
        if writer.next() == 0 {
            let rule =
                RuleEntry { of: RuleKind::Play, version: play::RULE_1, text: play::RULE_1_TEXT.to_owned() };
            publish(&mut writer, &mut ledger, Record::Rule(rule))?;
        }
        if let Some(announcement) = handover {
            succession.follow(ledger.tree.size(), &Entry::Key(announcement.clone()));
            publish(&mut writer, &mut ledger, Record::Key(announcement))?;
        }

        let size = writer.next();
        let checkpoint = Checkpoint { origin: signers.origin().to_owned(), size, root: ledger.root(size)? };
        let note = signers.sign(&checkpoint);
        if slots.newest() != Some(&note) {
            slots.persist(&note).map_err(io::Error::from)?;
        }
        let registry = recovery::registry(&folder.join("registry.sqlite"), &journal, size)?;
        let (published, _) = watch::channel(Published { size, note });
        let shared = Arc::new(Shared {
            ledger: RwLock::new(ledger),
            published,
            signers,
            succession,
            recents: Recents::default(),
        });
        let committer = Committer::start(
            Committing { shared: Arc::clone(&shared), writer, slots, registry },
            options.queue,
        )?;
        let kept = Arc::clone(&shared);
        let keeper = Keeper::start(Arc::clone(&journal), move |end| kept.keep_ledger(end))?;
        Ok(Self { journal, shared, committer, _keeper: keeper, _hold: hold })
    }

    /// The origin of the log in `folder`; `None` if nothing was signed there.
    pub fn origin_of(folder: &Path) -> io::Result<Option<String>> {
        let path = folder.join("ledger").join("signed");
        if !path.exists() {
            return Ok(None);
        }
        let note = Slots::open(&path)?.newest().map(Checkpoint::unverified);
        Ok(note.and_then(Result::ok).map(|checkpoint| checkpoint.origin))
    }

    /// Takes batches.
    pub fn committer(&self) -> &Committer {
        &self.committer
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Seals the journal's complete segments now, rather than in the background.
    pub fn keep(&self) -> Result<(), JournalError> {
        self.journal.keep(&|end| self.shared.keep_ledger(end))
    }

    /// A reader of the journal from record `next` on.
    pub fn reader(&self, next: u64) -> Reader {
        self.journal.reader(next)
    }

    /// The batches that were entered last.
    pub fn recents(&self) -> &Recents {
        &self.shared.recents
    }

    /// How many entries are signed and published.
    pub fn size(&self) -> u64 {
        self.shared.published.borrow().size
    }

    /// Waits until more than `size` entries are published; false once the log is closed.
    pub async fn grows_past(&self, size: u64) -> bool {
        let mut published = self.shared.published.subscribe();
        published.wait_for(|now| now.size > size).await.is_ok()
    }

    /// The newest published checkpoint: a signed note.
    pub fn checkpoint(&self) -> String {
        self.shared.published.borrow().note.clone()
    }

    /// The newest published checkpoint with its size.
    pub fn published(&self) -> (u64, String) {
        let Published { size, note } = self.shared.published.borrow().clone();
        (size, note)
    }

    /// The proof that the log of `old` entries begins the log of `new` entries, of those that are published.
    pub fn consistency(&self, old: u64, new: u64) -> io::Result<Vec<Hash>> {
        let ledger = self.ledger();
        ledger.tree.consistency(old, new, &ledger.files)
    }

    /// The checkpoint of the first `size` entries: a signed note; `None` if not so many are published.
    pub fn checkpoint_at(&self, size: u64) -> io::Result<Option<String>> {
        if size > self.size() {
            return Ok(None);
        }
        let checkpoint =
            Checkpoint { origin: self.origin().to_owned(), size, root: self.ledger().root(size)? };
        Ok(Some(self.shared.signers.sign(&checkpoint)))
    }

    /// The proof that entry `index` is in the log of `checkpoint` (a signed note of this log); `None` if it is not.
    pub fn proof(&self, index: u64, checkpoint: &str) -> io::Result<Option<Receipt>> {
        let Ok(Checkpoint { size, .. }) = self.shared.signers.verify(checkpoint) else {
            return Ok(None);
        };
        let Ledger { tree, files } = &*self.ledger();
        if index >= size.min(tree.size()) {
            return Ok(None);
        }
        let Some(entry) = files.entry(index)? else { return Ok(None) };
        let proof = tree.inclusion(index, size, files)?;
        Ok(Some(Receipt { entry, index, proof, checkpoint: checkpoint.to_owned() }))
    }

    /// The log's verifier key.
    pub fn vkey(&self) -> String {
        self.shared.signers.log_key().to_vkey()
    }

    /// Every key that the log has had, the present one last, and the proofs of the announcements between them in the
    /// newest checkpoint.
    pub fn keys(&self) -> io::Result<(Vec<String>, Vec<Receipt>)> {
        let succession = &self.shared.succession;
        let mut keys: Vec<String> = succession.keys().map(LogKey::to_vkey).collect();
        if keys.is_empty() {
            keys.push(self.vkey());
        }
        let checkpoint = self.checkpoint();
        let mut proofs = Vec::new();
        for index in succession.handovers() {
            let proof = self.proof(index, &checkpoint)?;
            proofs.push(proof.ok_or_else(|| io::Error::other("an announcement is not in the log"))?);
        }
        Ok((keys, proofs))
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        self.shared.signers.origin()
    }

    /// The first `width` hashes of a tile; `None` where the published log has not that many.
    pub fn tile(&self, level: usize, index: u64, width: u64) -> io::Result<Option<Vec<u8>>> {
        let below = u32::try_from(level * 8).ok().filter(|&bits| bits < 64);
        let available = below.map_or(0, |bits| self.size() >> bits);
        if !within(index, width, available) {
            return Ok(None);
        }
        self.ledger().files.tile(level, index, width)
    }

    /// The first `width` entries of a bundle; `None` where the published log has not that many.
    pub fn entries(&self, index: u64, width: u64) -> io::Result<Option<Vec<u8>>> {
        if !within(index, width, self.size()) {
            return Ok(None);
        }
        self.ledger().files.bundle(index, width)
    }

    /// The time in the newest batch entry among the first `size`: what a checkpoint of that size vouches for.
    pub fn time_at(&self, size: u64) -> Option<u64> {
        let size = size.min(self.size());
        let ledger = self.ledger();
        // Between two batches there are few entries of other kinds.
        (0..size).rev().find_map(|index| match Entry::from_bytes(&ledger.files.entry(index).ok()??)? {
            Entry::Batch(batch) => Some(batch.received),
            _ => None,
        })
    }

    fn ledger(&self) -> std::sync::RwLockReadGuard<'_, Ledger> {
        self.shared.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn within(index: u64, width: u64, available: u64) -> bool {
    let first = index.checked_mul(TILE_WIDTH);
    first.and_then(|first| first.checked_add(width)).is_some_and(|end| end <= available)
}

fn signed_before(slots: &Slots, signers: &Signers) -> Result<Option<Checkpoint>, OpenError> {
    let Some(note) = slots.newest() else { return Ok(None) };
    match signers.verify(note) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(reason) => Err(OpenError::ForeignKey { given: signers.log_key().to_vkey(), reason }),
    }
}

/// Enters a record of the log's own before anybody else writes.
fn publish(writer: &mut Writer, ledger: &mut Ledger, record: Record) -> Result<(), OpenError> {
    let records = [record];
    writer.append(&records).map_err(io::Error::from)?;
    for record in &records {
        ledger.push(&record.entry());
    }
    ledger.files.flush()?;
    Ok(())
}
