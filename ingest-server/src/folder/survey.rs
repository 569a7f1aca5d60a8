//! What is in a data folder, and whether it holds what was promised. Changes nothing, and may be done while a server runs.

use crate::commit::Hold;
use crate::journal::{ArchiveOptions, Journal, JournalError, Record};
use crate::ledger::{Slots, Tree};
use delistening_schema::ledger::{Checkpoint, LogKey, merkle};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::statvfs;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;

/// How often the journal is looked through anew, when a server replaces a segment meanwhile.
const TRIES: usize = 5;
/// What is derived from the journal, and made anew where it is missing.
const DERIVED: [&str; 5] =
    ["registry.sqlite", "judge.sqlite", "trail.sqlite", "plays.sqlite", "clickhouse-outbox.sqlite"];

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// What was promised does not hold.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub verdict: Verdict,
    /// What was looked at.
    pub about: &'static str,
    /// What was found, in one sentence.
    pub sentence: String,
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            Verdict::Good => "good",
            Verdict::Note => "note",
            Verdict::Wrong => "WRONG",
        };
        write!(f, "{word:<5} {:<9} {}", self.about, self.sentence)
    }
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// In the order in which it was looked at.
    pub all: Vec<Finding>,
    /// Entries that were signed.
    pub signed: u64,
}

impl Findings {
    /// Whether anything is wrong.
    pub fn wrong(&self) -> bool {
        self.all.iter().any(|finding| finding.verdict == Verdict::Wrong)
    }

    fn add(&mut self, verdict: Verdict, about: &'static str, sentence: impl Into<String>) {
        self.all.push(Finding { verdict, about, sentence: sentence.into() });
    }
}

/// Looks through the folder `data`. With the log's `key` the signature is checked, and with its `archive` what was moved
/// there. `progress` is told of each record.
pub fn survey(
    data: &Path,
    key: Option<&LogKey>,
    archive: Option<&ArchiveOptions>,
    progress: &dyn Fn(u64, u64),
) -> Findings {
    let mut found = Findings::default();
    match Hold::is_taken(data) {
        Ok(true) => found.add(Verdict::Note, "process", "a process has the folder open"),
        Ok(false) => found.add(Verdict::Good, "process", "no process has the folder open"),
        Err(error) => found.add(Verdict::Wrong, "process", format!("the lock cannot be looked at: {error}")),
    }
    let checkpoint = signed(data, key, &mut found);
    if let Some(checkpoint) = &checkpoint {
        found.signed = checkpoint.size;
        if let Err(error) = journal(data, checkpoint, archive, progress, &mut found) {
            found.add(Verdict::Wrong, "journal", format!("{error}; restore the folder from a backup"));
        }
    }
    for name in DERIVED {
        derived(data, name, found.signed, &mut found);
    }
    room(data, &mut found);
    found
}

/// What was signed last.
fn signed(data: &Path, key: Option<&LogKey>, found: &mut Findings) -> Option<Checkpoint> {
    let about = "signed";
    let note = match Slots::look(&super::signed(data)) {
        Ok(Some(note)) => note,
        Ok(None) => {
            found.add(Verdict::Wrong, about, "ledger/signed holds no checkpoint; restore it from a backup");
            return None;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            found.add(
                Verdict::Wrong,
                about,
                "there is no ledger/signed: this is no data folder, or it was lost",
            );
            return None;
        }
        Err(error) => {
            found.add(Verdict::Wrong, about, format!("ledger/signed cannot be read: {error}"));
            return None;
        }
    };
    match Checkpoint::unverified(&note) {
        Ok(checkpoint) => {
            let Checkpoint { origin, size, .. } = &checkpoint;
            let of = format!("{size} entries of the log {origin}");
            match key.map(|key| Checkpoint::verify(&note, key)) {
                Some(Ok(_)) => found.add(Verdict::Good, about, format!("{of}, signed by the log's key")),
                Some(Err(error)) => {
                    found.add(
                        Verdict::Wrong,
                        about,
                        format!("{of}, but not signed by the key given: {error}"),
                    );
                }
                None => found.add(
                    Verdict::Note,
                    about,
                    format!("{of}; give the log's key to have the signature checked"),
                ),
            }
            Some(checkpoint)
        }
        Err(error) => {
            found.add(Verdict::Wrong, about, format!("ledger/signed holds no checkpoint: {error}"));
            None
        }
    }
}

/// Reads every record up to what was signed, and compares the root; then what lies past it.
fn journal(
    data: &Path,
    checkpoint: &Checkpoint,
    archive: Option<&ArchiveOptions>,
    progress: &dyn Fn(u64, u64),
    found: &mut Findings,
) -> Result<(), JournalError> {
    let folder = super::journal(data);
    let mut journal = Journal::look(&folder, archive)?;
    let [raw, sealed, moved] = journal.segments();
    let forms = format!("{raw} segments as written, {sealed} compressed, {moved} in an archive");
    if moved > 0 && archive.is_none() {
        let sentence = format!("{forms}; name the archive to have the journal read");
        found.add(Verdict::Note, "journal", sentence);
        return Ok(());
    }
    let (mut tree, mut batches, mut erased) = (Tree::default(), 0_u64, 0_u64);
    let mut tries = 0;
    let mut reader = journal.reader(0);
    while reader.next() < checkpoint.size {
        match reader.next_below(checkpoint.size) {
            Ok(Some((index, record))) => {
                batches += u64::from(matches!(record, Record::Batch(_)));
                erased += u64::from(matches!(record, Record::Erased(_)));
                tree.push(merkle::leaf_hash(&record.entry().to_bytes()), |_, _| ());
                progress(index + 1, checkpoint.size);
                tries = 0;
            }
            Ok(None) => break,
            // A server has replaced a segment by its next form.
            Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                tries += 1;
                let next = reader.next();
                journal = Journal::look(&folder, archive)?;
                reader = journal.reader(next);
            }
            Err(error) => return Err(error),
        }
    }
    let sentence = format!("{} records ({batches} batches, {erased} erased) in {forms}", checkpoint.size);
    found.add(Verdict::Good, "journal", sentence);
    if tree.present_root() == checkpoint.root {
        found.add(Verdict::Good, "root", "what is in the journal comes to the root that was signed");
    } else {
        let sentence =
            "what is in the journal comes to another root than was signed; restore the folder from a backup";
        found.add(Verdict::Wrong, "root", sentence);
    }
    let mut past = 0_u64;
    while let Ok(Some(_)) = reader.next_below(u64::MAX) {
        past += 1;
    }
    if past > 0 {
        let sentence = format!("{past} whole records lie past what was signed; a start signs them");
        found.add(Verdict::Note, "journal", sentence);
    }
    Ok(())
}

/// A derived file: that it is whole, and how far it is.
fn derived(data: &Path, name: &'static str, signed: u64, found: &mut Findings) {
    let path = data.join(name);
    if !path.exists() {
        // One of the two is enough: plays are counted here or in ClickHouse.
        if !matches!(name, "plays.sqlite" | "clickhouse-outbox.sqlite") {
            found.add(Verdict::Note, "derived", format!("{name} is missing: a start makes it anew"));
        }
        return;
    }
    match look_at(&path) {
        Ok(leaves) if leaves <= signed => {
            found.add(Verdict::Good, "derived", format!("{name} is whole and knows {leaves} entries"));
        }
        Ok(leaves) => found.add(
            Verdict::Note,
            "derived",
            format!("{name} knows {leaves} entries, more than were signed: a start makes it anew"),
        ),
        Err(error) => {
            found.add(
                Verdict::Note,
                "derived",
                format!("{name} cannot be used ({error}): a start makes it anew"),
            );
        }
    }
}

fn look_at(path: &Path) -> rusqlite::Result<u64> {
    // What has no log of its own is opened so that nothing is written beside it.
    let wal = path.with_extension("sqlite-wal").exists();
    let unchanging = if wal { "mode=ro" } else { "mode=ro&immutable=1" };
    let name = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let database = Connection::open_with_flags(format!("file:{name}?{unchanging}"), flags)?;
    let said: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(rusqlite::Error::InvalidColumnName(said));
    }
    database.query_row("SELECT coalesce(max(leaves), 0) FROM progress", [], |row| row.get(0))
}

#[allow(clippy::cast_precision_loss)]
fn room(data: &Path, found: &mut Findings) {
    let Ok(disk) = statvfs(data) else { return };
    let (free, all) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
    let verdict = if free < all / 10 { Verdict::Note } else { Verdict::Good };
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    found.add(verdict, "disk", format!("{:.1} GiB of {:.1} GiB are free", gib(free), gib(all)));
}
