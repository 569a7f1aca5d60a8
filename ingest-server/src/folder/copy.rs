//! A copy of what cannot be made again: the journal and the newest signed checkpoint.
//!
//! A server may be writing meanwhile. The checkpoint is read first and written last, so that a copy always holds every
//! record that its own checkpoint was signed for. A copy that is made again takes only what has changed, and loses what
//! the folder has lost: what was erased.

use crate::disk;
use crate::journal::Form;
use crate::ledger::Slots;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How often files are looked through, until none has changed its form meanwhile.
const TRIES: usize = 10;
const CHUNK: usize = 1 << 20;
/// What a file ends with that is not copied whole yet.
const TEMPORARY: &str = "tmp";
/// Files of less weight that make the next start easier.
const KEYS_OF_ISSUERS: &str = "issuers";

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is nothing to copy.
    #[error("{} is no data folder: nothing was signed in it", .0.display())]
    Nothing(PathBuf),
    /// The files change all the time.
    #[error("the journal's files change faster than they are copied; try again")]
    Restless,
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files of the journal.
    pub files: usize,
    /// Those among them that were new or had changed.
    pub fresh: usize,
}

/// How a file is known to have changed.
type Stamp = (u64, SystemTime);

/// Copies what cannot be made again from the folder `from` into the folder `to`, which is made if it is not there.
pub fn copy(from: &Path, to: &Path) -> Result<Copied, CopyError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| CopyError::Io { path, error }
    };
    let signed = super::signed(from);
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CopyError::Nothing(from.to_owned()),
        _ => CopyError::Io { path: signed.clone(), error },
    };
    let note = Slots::look(&signed).map_err(missing)?.ok_or_else(|| CopyError::Nothing(from.to_owned()))?;
    let (source, target) = (super::journal(from), super::journal(to));
    for folder in [&target, &to.join("ledger")] {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    }
    let copied = journal(&source, &target)?;
    issuers(&from.join(KEYS_OF_ISSUERS), &to.join(KEYS_OF_ISSUERS));
    let signed = super::signed(to);
    // The checkpoint that a copy had stays if it is this one.
    let mut slots = Slots::open(&signed).map_err(at(&signed))?;
    if slots.newest() != Some(&note) {
        slots.persist(&note).map_err(io::Error::from).map_err(at(&signed))?;
    }
    for folder in [&to.join("ledger"), to] {
        disk::sync_folder(folder).map_err(at(folder))?;
    }
    Ok(copied)
}

/// Makes `target` hold the same segments as `source`.
fn journal(source: &Path, target: &Path) -> Result<Copied, CopyError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| CopyError::Io { path, error }
    };
    let mut fresh = 0;
    for _ in 0..TRIES {
        let there = segments(source).map_err(at(source))?;
        let here = segments(target).map_err(at(target))?;
        let mut changed = false;
        // From the oldest on: the entry that announces an erasure is copied after what it has changed.
        for (name, stamp) in &there {
            if here.get(name) == Some(stamp) {
                continue;
            }
            changed = true;
            match file(&source.join(name), &target.join(name), *stamp) {
                Ok(()) => fresh += 1,
                // It has another form by now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at(&target.join(name))(error)),
            }
        }
        for name in here.keys().filter(|name| !there.contains_key(*name)) {
            disk::remove(&target.join(name)).map_err(at(&target.join(name)))?;
        }
        disk::sync_folder(target).map_err(at(target))?;
        let again = segments(source).map_err(at(source))?;
        if !changed || again.keys().eq(there.keys()) {
            return Ok(Copied { files: there.len(), fresh });
        }
    }
    Err(CopyError::Restless)
}

/// The segments in a folder, in whatever form, with how they are known to have changed.
fn segments(folder: &Path) -> io::Result<BTreeMap<String, Stamp>> {
    let mut segments = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if Form::of(&entry.path()).is_none() {
            continue;
        }
        match entry.metadata() {
            Ok(about) => {
                let name = entry.file_name().to_string_lossy().into_owned();
                segments.insert(name, (about.len(), about.modified()?));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(segments)
}

/// Copies a file, whole or not at all. Where it holds nothing but zeros, so does the copy, without taking room.
fn file(from: &Path, to: &Path, (_, modified): Stamp) -> io::Result<()> {
    let mut source = File::open(from)?;
    let temporary = to.with_extension(TEMPORARY);
    let target = File::create(&temporary)?;
    let (mut chunk, mut offset) = (vec![0; CHUNK], 0);
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        if chunk[..read].iter().any(|byte| *byte != 0) {
            target.write_all_at(&chunk[..read], offset)?;
        }
        offset += read as u64;
    }
    target.set_len(offset)?;
    target.set_modified(modified)?;
    target.sync_all()?;
    fs::rename(&temporary, to)
}

/// What issuers' keys were last; without it a start asks for them.
fn issuers(from: &Path, to: &Path) {
    let copied = || -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(())
    };
    if let Err(error) = copied()
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "issuers' keys are not in the copy");
    }
}
