//! How much of the files is known to be durable.

use crate::disk::{self, DiskFile};
use crate::ledger::Slots;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is durable.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// How many entries.
    pub count: u64,
    /// How many bytes of them.
    pub entries: u64,
    /// Which of them announce keys.
    pub announcements: Vec<u64>,
}

impl Kept {
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Files that are written and not known to be durable.
#[derive(Debug)]
pub struct Unsynced {
    folder: PathBuf,
    files: Vec<Arc<DiskFile>>,
    kept: Kept,
}

impl Unsynced {
    pub(super) fn new(folder: &Path, files: Vec<Arc<DiskFile>>, kept: Kept) -> Self {
        Self { folder: folder.to_owned(), files, kept }
    }

    /// Makes them durable, and that known.
    pub fn sync(self) -> io::Result<()> {
        for file in &self.files {
            file.sync()?;
        }
        disk::sync_folder(&self.folder)?;
        let text = serde_json::to_string(&self.kept)?;
        Ok(Slots::open(&self.folder.join("kept"))?.persist(&text)?)
    }
}
