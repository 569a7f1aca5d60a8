//! The app's folder: the records and the key of one device, which belong together.

use crate::errors::TelemetryError;
use crate::key;
use crate::storage::{Storage, StorageError};
use delistening_schema::key::SecretKey;
use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// What a folder holds.
pub struct Contents {
    pub storage: Storage,
    pub key: SecretKey,
}

/// Opens the folder, and makes what is missing in a new one.
pub fn open(folder: &str) -> Result<Contents, TelemetryError> {
    let path = Path::new(folder);
    let unusable = |reason: String| TelemetryError::FolderUnusable { folder: folder.to_owned(), reason };
    let unreadable = |error: StorageError| match error {
        StorageError::InUse => TelemetryError::FolderInUse { folder: folder.to_owned() },
        error => unusable(format!("records.db: {error}")),
    };
    make(path).map_err(|error| unusable(error.to_string()))?;
    // First, since it locks the folder against all others.
    let storage = Storage::open(&path.join("records.db")).map_err(unreadable)?;
    let owner = storage.owner().map_err(unreadable)?;
    let key = open_key(&path.join("device.key"), owner.as_deref())?;
    if owner.is_none() {
        storage.set_owner(&key.public().thumbprint().to_string()).map_err(unreadable)?;
    }
    Ok(Contents { storage, key })
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new key is for a new folder only: under another key, the chain of these records could not go on.
fn open_key(path: &Path, owner: Option<&str>) -> Result<SecretKey, TelemetryError> {
    let unusable = |reason: String| TelemetryError::KeyUnusable { reason };
    let found = key::read(path).map_err(|error| unusable(error.to_string()))?;
    match (found, owner) {
        (None, None) => key::create(path).map_err(|error| unusable(error.to_string())),
        (None, Some(owner)) => {
            Err(unusable(format!("the key of {owner}, whose records are here, is missing")))
        }
        (Some(key), Some(owner)) if key.public().thumbprint().to_string() != owner => {
            Err(unusable(format!("the key here is not that of {owner}, whose records are here")))
        }
        (Some(key), _) => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn refusal(folder: &str) -> TelemetryError {
        open(folder).err().expect("the folder is refused")
    }

    #[test]
    fn a_folder_keeps_its_device() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("some/new/folder");
        let folder = folder.to_str().unwrap();
        let device = open(folder).unwrap().key.public();
        let held = open(folder).unwrap();
        assert_eq!(held.key.public(), device);
        assert!(matches!(refusal(folder), TelemetryError::FolderInUse { .. }));
    }

    #[test]
    fn a_key_that_is_gone_or_replaced_is_told_and_not_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().to_str().unwrap();
        open(folder).unwrap();
        let key = parent.path().join("device.key");
        fs::remove_file(&key).unwrap();
        assert!(matches!(refusal(folder), TelemetryError::KeyUnusable { .. }));
        assert!(!key.exists());
        key::create(&key).unwrap();
        assert!(matches!(refusal(folder), TelemetryError::KeyUnusable { .. }));
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "a file").unwrap();
        assert!(matches!(refusal(file.to_str().unwrap()), TelemetryError::FolderUnusable { .. }));
        fs::write(parent.path().join("records.db"), "a text that is no database at all".repeat(40)).unwrap();
        let folder = parent.path().to_str().unwrap();
        assert!(matches!(refusal(folder), TelemetryError::FolderUnusable { .. }));
    }
}
