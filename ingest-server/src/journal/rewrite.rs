//! A complete segment takes on its next form, whole and at once.

use super::archive::{Archive, Ticket};
use super::catalogue::Found;
use super::record::{Frame, Record};
use super::segment::{Damage, Form, SealedFile, SealedWriter};
use super::{Journal, JournalError};
use crate::disk::DiskFile;
use std::sync::{Arc, PoisonError};

impl Journal {
    /// Replaces the complete segment that holds record `index` by one in which each record for which `edit` gives
    /// another is that other, and all others are what they were, byte for byte. Seals it, if it was raw. Whoever
    /// reads it meanwhile reads the old one to its end; after a crash it is the old one or the new one. False if
    /// the segment is not complete yet, and nothing was done.
    pub fn rewrite(
        self: &Arc<Self>,
        index: u64,
        edit: impl FnMut(u64, Frame<'_>) -> Option<Record>,
    ) -> Result<bool, JournalError> {
        let _alone = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = self.catalogue.find(index) else { return Ok(false) };
        self.rewrite_alone(&found, edit)
    }

    /// Seals the segment that begins with record `first`, if it is still raw.
    pub(super) fn seal(self: &Arc<Self>, first: u64) -> Result<(), JournalError> {
        let _alone = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.catalogue.find(first) {
            Some(found) if found.form == Form::Raw => self.rewrite_alone(&found, |_, _| None).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Moves the sealed segment that begins with record `first` to the archive.
    pub(super) fn move_away(self: &Arc<Self>, archive: &Archive, first: u64) -> Result<(), JournalError> {
        let _alone = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.catalogue.find(first), self.catalogue.end_of(first)) {
            (Some(found), Some(end)) if found.form == Form::Sealed => {
                let file = DiskFile::open_to_read(&found.path)?;
                self.put_and_replace(archive, file, first, end)
            }
            _ => Ok(()),
        }
    }

    /// Deletes from the archive what a segment was before, if that was not done yet.
    pub(super) fn tidy(&self, archive: &Archive, first: u64) -> Result<(), JournalError> {
        let _alone = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        self.tidy_alone(archive, first)
    }

    fn tidy_alone(&self, archive: &Archive, first: u64) -> Result<(), JournalError> {
        let ticket = self.catalogue.ticket(first)?;
        if !ticket.untidy {
            return Ok(());
        }
        archive.tidy(first, &ticket)?;
        self.catalogue.prepare_ticket(first, &Ticket { untidy: false, ..ticket })?;
        Ok(self.catalogue.replace(first, Form::Moved)?)
    }

    fn put_and_replace(
        &self,
        archive: &Archive,
        file: DiskFile,
        first: u64,
        end: u64,
    ) -> Result<(), JournalError> {
        let ticket = archive.put(file, first, end)?;
        self.catalogue.prepare_ticket(first, &ticket)?;
        self.catalogue.replace(first, Form::Moved)?;
        self.tidy_alone(archive, first)
    }

    fn rewrite_alone(
        self: &Arc<Self>,
        &Found { first, form, .. }: &Found,
        mut edit: impl FnMut(u64, Frame<'_>) -> Option<Record>,
    ) -> Result<bool, JournalError> {
        let Some(end) = self.catalogue.end_of(first) else { return Ok(false) };
        let file = DiskFile::create(&self.catalogue.temporary(first))?;
        let mut sealed = SealedWriter::new(&file, first)?;
        let (mut reader, mut other) = (self.reader(first), Vec::new());
        while let Some((index, frame)) = reader.frame_below(end)? {
            if let Some(record) = edit(index, frame) {
                other.clear();
                record.frame(&mut other);
                sealed.push(&other)?;
            } else {
                sealed.push(frame.bytes())?;
            }
        }
        sealed.finish()?;
        let file = self.check(file, first, end)?;
        match form {
            Form::Moved => self.put_and_replace(self.archive(first)?, file, first, end)?,
            Form::Raw | Form::Sealed => self.catalogue.replace(first, Form::Sealed)?,
        }
        Ok(true)
    }

    /// Reads what was written: what it takes the place of is removed after this.
    fn check(&self, file: DiskFile, first: u64, end: u64) -> Result<DiskFile, JournalError> {
        let damage =
            |index| JournalError::from(Damage { path: self.catalogue.temporary(first), offset: 0, index });
        let mut sealed = SealedFile::new(file, first)?.ok_or_else(|| damage(first))?;
        for index in first..end {
            if !sealed.advance()? {
                return Err(damage(index));
            }
        }
        if sealed.advance()? || sealed.end() != end { Err(damage(end)) } else { Ok(sealed.into_file()) }
    }
}
