//! A folder is held by one process at a time.

use super::OpenError;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The name of the file whose lock is held.
const LOCK: &str = "lock";

/// A folder that no other process can open while this exists.
#[derive(Debug)]
pub struct Hold {
    folder: PathBuf,
    _lock: File,
}

impl Hold {
    /// Takes `folder`, which is made if it is not there.
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder)?;
        let lock = File::options().write(true).create(true).truncate(false).open(folder.join(LOCK))?;
        if lock.try_lock().is_err() {
            return Err(OpenError::Held(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// Whether a process has taken `folder`. Whoever else asks at the same time is none.
    pub fn is_taken(folder: &Path) -> io::Result<bool> {
        match File::open(folder.join(LOCK)) {
            Ok(lock) => Ok(lock.try_lock_shared().is_err()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_folder_and_any_number_may_ask() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Hold::is_taken(folder.path()).unwrap(), "nobody was ever here");
        let hold = Hold::take(folder.path()).unwrap();
        assert!(matches!(Hold::take(folder.path()), Err(OpenError::Held(_))));
        assert!(Hold::is_taken(folder.path()).unwrap());
        drop(hold);
        let _asking = {
            let lock = File::open(folder.path().join(LOCK)).unwrap();
            lock.lock_shared().unwrap();
            lock
        };
        assert!(!Hold::is_taken(folder.path()).unwrap());
    }
}
