//! Reads records from an index on, segment by segment, up to where the caller says that they are signed.

use super::catalogue::Found;
use super::record::{BatchRecord, Frame, Record};
use super::segment::{Damage, Form, HEADER, RawFile, SealedFile};
use super::{Journal, JournalError};
use crate::disk::DiskFile;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// How often a segment is looked for that changes its form meanwhile.
const TRIES: usize = 5;

/// Reads a journal that a writer may be appending to. It holds about a mebibyte of it at a time.
#[derive(Debug)]
pub struct Reader {
    journal: Arc<Journal>,
    next: u64,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Raw(RawFile),
    Sealed(SealedFile),
}

impl Reader {
    pub(super) fn new(journal: Arc<Journal>, next: u64) -> Self {
        Self { journal, next, place: None }
    }

    /// The index of the record that comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The next record with its index, if that is below `end`: the size of the signed log.
    pub fn next_below(&mut self, end: u64) -> Result<Option<(u64, Record)>, JournalError> {
        let Some((index, frame)) = self.frame_below(end)? else { return Ok(None) };
        match frame.record() {
            Some(record) => Ok(Some((index, record))),
            None => Err(self.damage(index)),
        }
    }

    /// The next record's frame with its index, if that is below `end`.
    pub(super) fn frame_below(&mut self, end: u64) -> Result<Option<(u64, Frame<'_>)>, JournalError> {
        if self.next >= end {
            return Ok(None);
        }
        let index = self.next;
        if !self.advance()? {
            // The segment is used up: the record is the first of the next one.
            self.place = None;
            if !self.advance()? {
                return Err(self.damage(index));
            }
        }
        self.next += 1;
        Ok(self.place.as_ref().map(|place| (index, place.source.frame())))
    }

    fn advance(&mut self) -> Result<bool, JournalError> {
        let place = match &mut self.place {
            Some(place) => place,
            none => none.insert(find(&self.journal, self.next)?),
        };
        Ok(place.source.advance()?)
    }

    fn damage(&self, index: u64) -> JournalError {
        let (path, offset) = match &self.place {
            Some(Place { path, source }) => (path.clone(), source.offset()),
            None => (self.journal.catalogue.path(Form::Raw, index), 0),
        };
        Damage { path, offset, index }.into()
    }
}

/// Goes to before the record `index`.
fn find(journal: &Journal, index: u64) -> Result<Place, JournalError> {
    for _ in 1..TRIES {
        match try_find(journal, index) {
            // It was replaced by its next form between looking it up and opening it.
            Err(JournalError::Io(error) | JournalError::Archive { error, .. })
                if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
    }
    try_find(journal, index)
}

fn try_find(journal: &Journal, index: u64) -> Result<Place, JournalError> {
    let Some(Found { first, form, path, mark }) = journal.catalogue.find(index) else {
        return Err(Damage { path: journal.catalogue.path(Form::Raw, 0), offset: 0, index }.into());
    };
    let file = match form {
        Form::Moved => journal.fetch(first)?,
        Form::Raw | Form::Sealed => DiskFile::open_to_read(&path)?,
    };
    let damage = |offset, index| JournalError::from(Damage { path: path.clone(), offset, index });
    let source = match form {
        Form::Raw => {
            let mut raw = RawFile::new(file, first)?.ok_or_else(|| damage(0, first))?;
            let (marked, offset) = mark.unwrap_or((first, HEADER));
            raw.seek(offset);
            for passed in marked..index {
                if !raw.skip()? {
                    return Err(damage(raw.offset(), passed));
                }
            }
            Source::Raw(raw)
        }
        Form::Sealed | Form::Moved => {
            let mut sealed = SealedFile::new(file, first)?.ok_or_else(|| damage(0, first))?;
            for passed in sealed.seek(index)..index {
                if !sealed.advance()? {
                    return Err(damage(sealed.offset(), passed));
                }
            }
            Source::Sealed(sealed)
        }
    };
    Ok(Place { path, source })
}

impl Source {
    fn advance(&mut self) -> io::Result<bool> {
        match self {
            Self::Raw(raw) => raw.advance(),
            Self::Sealed(sealed) => sealed.advance(),
        }
    }

    fn frame(&self) -> Frame<'_> {
        match self {
            Self::Raw(raw) => raw.frame(),
            Self::Sealed(sealed) => sealed.frame(),
        }
    }

    fn offset(&self) -> u64 {
        match self {
            Self::Raw(raw) => raw.offset(),
            Self::Sealed(sealed) => sealed.offset(),
        }
    }
}

impl Record {
    /// The batch, if it is one.
    pub fn into_batch(self) -> Option<BatchRecord> {
        match self {
            Self::Batch(batch) => Some(batch),
            _ => None,
        }
    }
}
