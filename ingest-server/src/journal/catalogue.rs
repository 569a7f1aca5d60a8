//! Which segments there are, and in which form.

use super::JournalError;
use super::archive::Ticket;
use super::segment::{Damage, Form, SealedFile};
use crate::disk::{self, DiskFile};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How far apart the places in raw segments are at which reading can begin.
const MARK_BYTES: u64 = 256 * 1024;
/// What files end with that are not whole yet.
const TEMPORARY: &str = "tmp";

/// One segment.
#[derive(Clone, Debug)]
struct Segment {
    form: Form,
    /// Where some of the records of a raw segment are: index and offset.
    marks: Vec<(u64, u64)>,
}

/// A segment that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The index of its first record.
    pub first: u64,
    /// Its form.
    pub form: Form,
    /// Where it is.
    pub path: PathBuf,
    /// For a raw one, the last place known before the record that was looked for: index and offset.
    pub mark: Option<(u64, u64)>,
}

/// The segments of a folder.
#[derive(Debug)]
pub struct Catalogue {
    folder: PathBuf,
    segments: RwLock<BTreeMap<u64, Segment>>,
}

impl Catalogue {
    /// Looks through `folder`, and tidies up what a crash left between two steps.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        Self::read_folder(folder, disk::remove)
    }

    /// Looks through `folder`, and changes nothing.
    pub fn look(folder: &Path) -> Result<Self, JournalError> {
        Self::read_folder(folder, |_| Ok(()))
    }

    fn read_folder(folder: &Path, remove: fn(&Path) -> io::Result<()>) -> Result<Self, JournalError> {
        let mut segments = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == TEMPORARY) {
                remove(&path)?;
            }
            let Some((first, form)) = Form::of(&path) else { continue };
            let segment = Segment { form, marks: Vec::new() };
            // Of two forms the later one is complete: it appears at once, and only then goes the other.
            let older = match segments.get(&first) {
                Some(Segment { form: present, .. }) if *present > form => Some(form),
                _ => segments.insert(first, segment).map(|older: Segment| older.form),
            };
            if let Some(older) = older {
                remove(&older.path(folder, first))?;
            }
        }
        let catalogue = Self { folder: folder.to_owned(), segments: RwLock::new(segments) };
        catalogue.check_order()?;
        Ok(catalogue)
    }

    /// Each segment that tells its end ends where the next one begins.
    fn check_order(&self) -> Result<(), JournalError> {
        let segments: Vec<_> = self.read().iter().map(|(first, segment)| (*first, segment.form)).collect();
        let damage = |path, index| JournalError::from(Damage { path, offset: 0, index });
        if let Some((first, form)) = segments.first().filter(|(first, _)| *first != 0) {
            return Err(damage(form.path(&self.folder, *first), 0));
        }
        for (position, (first, form)) in segments.iter().enumerate() {
            let path = form.path(&self.folder, *first);
            let end = match form {
                Form::Raw => continue,
                Form::Sealed => {
                    SealedFile::new(DiskFile::open_to_read(&path)?, *first)?.map(|sealed| sealed.end())
                }
                Form::Moved => self.ticket(*first).ok().map(|ticket| ticket.end),
            };
            let end = end.ok_or_else(|| damage(path.clone(), *first))?;
            if segments.get(position + 1).is_some_and(|(next, _)| *next != end) {
                return Err(damage(path, end));
            }
        }
        Ok(())
    }

    /// The segment that holds record `index`, or would.
    pub fn find(&self, index: u64) -> Option<Found> {
        let segments = self.read();
        let (first, Segment { form, marks }) = segments.range(..=index).next_back()?;
        let before = marks.partition_point(|(marked, _)| *marked <= index);
        let mark = before.checked_sub(1).map(|position| marks[position]);
        Some(Found { first: *first, form: *form, path: form.path(&self.folder, *first), mark })
    }

    /// The last segment.
    pub fn last(&self) -> Option<Found> {
        self.find(u64::MAX)
    }

    /// The index past the last record of the segment that begins with record `first`; `None` for the last segment.
    pub fn end_of(&self, first: u64) -> Option<u64> {
        self.read().range(first + 1..).next().map(|(next, _)| *next)
    }

    /// The first records of the segments in that form which are complete, from the oldest on.
    pub fn complete(&self, form: Form) -> Vec<u64> {
        let segments = self.read();
        let last = segments.keys().next_back().copied();
        let complete =
            segments.iter().filter(|(first, segment)| segment.form == form && Some(**first) != last);
        complete.map(|(first, _)| *first).collect()
    }

    /// How many segments there are in that form.
    pub fn count(&self, form: Form) -> usize {
        self.read().values().filter(|segment| segment.form == form).count()
    }

    /// Where the segment that begins with record `first` is, or will be, in that form.
    pub fn path(&self, form: Form, first: u64) -> PathBuf {
        form.path(&self.folder, first)
    }

    /// The ticket of a segment that was moved.
    pub fn ticket(&self, first: u64) -> io::Result<Ticket> {
        Ok(serde_json::from_slice(&fs::read(self.path(Form::Moved, first))?)?)
    }

    /// Prepares the ticket of a segment, to take its place.
    pub fn prepare_ticket(&self, first: u64, ticket: &Ticket) -> io::Result<()> {
        let file = DiskFile::create(&self.temporary(first))?;
        file.write_all_at(&serde_json::to_vec(ticket)?, 0)?;
        file.sync()
    }

    /// Where a file is prepared that is to take the place of that segment.
    pub fn temporary(&self, first: u64) -> PathBuf {
        self.folder.join(format!("{first:020}.{TEMPORARY}"))
    }

    /// A new last segment has begun.
    pub fn begin(&self, first: u64) {
        self.write().insert(first, Segment { form: Form::Raw, marks: Vec::new() });
    }

    /// Record `index` is at `offset` of the last segment.
    pub fn mark(&self, index: u64, offset: u64) {
        let mut segments = self.write();
        let Some((_, Segment { marks, .. })) = segments.iter_mut().next_back() else { return };
        if marks.last().is_none_or(|(_, last)| offset >= last + MARK_BYTES) {
            marks.push((index, offset));
        }
    }

    /// The file prepared as [`Catalogue::temporary`] takes the place of the segment that begins with record `first`,
    /// in that form.
    pub fn replace(&self, first: u64, form: Form) -> io::Result<()> {
        disk::replace(&self.temporary(first), &self.path(form, first))?;
        self.write().insert(first, Segment { form, marks: Vec::new() });
        for older in Form::ALL.into_iter().filter(|other| *other != form) {
            disk::remove(&self.path(older, first))?;
        }
        disk::sync_folder(&self.folder)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<u64, Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<u64, Segment>> {
        self.segments.write().unwrap_or_else(PoisonError::into_inner)
    }
}
