//! The app's folder: the records and the key of one device, which belong together.

use crate::errors::TelemetryError;
use crate::key::{self, KeyStore};
use crate::storage::{Storage, StorageError};
use delistening_schema::key::SecretKey;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a folder holds.
pub struct Contents {
    pub storage: Storage,
    pub key: SecretKey,
}

/// The database, and what SQLite keeps beside it.
const RECORDS: [&str; 3] = ["records.db", "records.db-wal", "records.db-shm"];
const KEY: &str = "device.key";

/// Where the key is, if not in the folder.
pub type Keys = Option<Arc<dyn KeyStore>>;

/// Opens the folder, and makes what is missing in a new one.
pub fn open(folder: &str, keys: &Keys) -> Result<Contents, TelemetryError> {
    let path = Path::new(folder);
    let unusable = |reason: String| TelemetryError::FolderUnusable { folder: folder.to_owned(), reason };
    let unreadable = |error: StorageError| match error {
        StorageError::InUse => TelemetryError::FolderInUse { folder: folder.to_owned() },
        error => unusable(format!("records.db: {error}")),
    };
    make(path).map_err(|error| unusable(error.to_string()))?;
    // First, since it locks the folder against all others.
    let storage = Storage::open(&path.join(RECORDS[0])).map_err(unreadable)?;
    let owner = storage.owner().map_err(unreadable)?;
    let key = open_key(&path.join(KEY), keys, owner.as_deref())?;
    if owner.is_none() {
        storage.set_owner(&key.public().thumbprint().to_string()).map_err(unreadable)?;
    }
    Ok(Contents { storage, key })
}

/// Erases what [`open`] made, the key first: without it nothing can be told any more. Nobody may hold the folder.
pub fn erase(folder: &str, keys: &Keys) -> Result<(), TelemetryError> {
    let path = Path::new(folder);
    let failed = |error: io::Error| TelemetryError::FolderUnusable {
        folder: folder.to_owned(),
        reason: error.to_string(),
    };
    if let Some(keys) = keys {
        keys.erase().map_err(|error| TelemetryError::KeyUnusable { reason: error.to_string() })?;
    }
    for name in [KEY].into_iter().chain(RECORDS) {
        match fs::remove_file(path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(())
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new folder has a new key, and only a new folder has one: under another key, the chain of these records could not go on,
/// and a key that outlived its folder (the Keychain outlives the app) has signed a chain whose end nobody knows.
fn open_key(path: &Path, keys: &Keys, owner: Option<&str>) -> Result<SecretKey, TelemetryError> {
    let unusable = |reason: String| TelemetryError::KeyUnusable { reason };
    let found = match keys {
        Some(keys) => key::load(keys.as_ref()),
        None => key::read(path).map_err(|error| error.to_string()),
    };
    match (found.map_err(unusable)?, owner) {
        (_, None) => match keys {
            Some(keys) => key::make(keys.as_ref()),
            None => key::create(path).map_err(|error| error.to_string()),
        }
        .map_err(unusable),
        (None, Some(owner)) => {
            Err(unusable(format!("the key of {owner}, whose records are here, is missing")))
        }
        (Some(key), Some(owner)) if key.public().thumbprint().to_string() != owner => {
            Err(unusable(format!("the key here is not that of {owner}, whose records are here")))
        }
        (Some(key), Some(_)) => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::CallbackError;
    use std::sync::Mutex;

    fn refusal(folder: &str) -> TelemetryError {
        open(folder, &None).err().expect("the folder is refused")
    }

    #[test]
    fn a_folder_keeps_its_device() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("some/new/folder");
        let folder = folder.to_str().unwrap();
        let device = open(folder, &None).unwrap().key.public();
        let held = open(folder, &None).unwrap();
        assert_eq!(held.key.public(), device);
        assert!(matches!(refusal(folder), TelemetryError::FolderInUse { .. }));
    }

    #[test]
    fn a_key_that_is_gone_or_replaced_is_told_and_not_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().to_str().unwrap();
        open(folder, &None).unwrap();
        let key = parent.path().join("device.key");
        fs::remove_file(&key).unwrap();
        assert!(matches!(refusal(folder), TelemetryError::KeyUnusable { .. }));
        assert!(!key.exists());
        key::create(&key).unwrap();
        assert!(matches!(refusal(folder), TelemetryError::KeyUnusable { .. }));
    }

    /// Keeps the key as a platform would: elsewhere.
    #[derive(Default)]
    struct Elsewhere(Mutex<Option<Vec<u8>>>);

    impl KeyStore for Elsewhere {
        fn load(&self) -> Result<Option<Vec<u8>>, CallbackError> {
            Ok(self.0.lock().unwrap().clone())
        }

        fn save(&self, key: Vec<u8>) -> Result<(), CallbackError> {
            *self.0.lock().unwrap() = Some(key);
            Ok(())
        }

        fn erase(&self) -> Result<(), CallbackError> {
            *self.0.lock().unwrap() = None;
            Ok(())
        }
    }

    /// Takes a key and gives another back.
    struct Forgetful;

    impl KeyStore for Forgetful {
        fn load(&self) -> Result<Option<Vec<u8>>, CallbackError> {
            Ok(None)
        }

        fn save(&self, _: Vec<u8>) -> Result<(), CallbackError> {
            Ok(())
        }

        fn erase(&self) -> Result<(), CallbackError> {
            Err(CallbackError::Failed { reason: "it is locked".to_owned() })
        }
    }

    #[test]
    fn a_key_may_be_kept_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().to_str().unwrap();
        let elsewhere = Arc::new(Elsewhere::default());
        let keys: Keys = Some(elsewhere.clone());
        let device = open(folder, &keys).unwrap().key.public();
        assert!(!parent.path().join(KEY).exists());
        assert_eq!(open(folder, &keys).unwrap().key.public(), device);
        *elsewhere.0.lock().unwrap() = Some(vec![1; 31]);
        assert!(matches!(open(folder, &keys).err(), Some(TelemetryError::KeyUnusable { .. })));
        erase(folder, &keys).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        assert_ne!(open(folder, &keys).unwrap().key.public(), device);
    }

    #[test]
    fn a_key_that_outlived_its_folder_is_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
        let elsewhere: Keys = Some(Arc::new(Elsewhere::default()));
        for keys in [elsewhere, None] {
            let before = folder("before");
            let device = open(&before, &keys).unwrap().key.public();
            for name in RECORDS {
                let _ = fs::remove_file(parent.path().join("before").join(name));
            }
            let next = open(&before, &keys).unwrap().key.public();
            assert_ne!(next, device);
            assert_eq!(open(&before, &keys).unwrap().key.public(), next);
            fs::remove_dir_all(before).unwrap();
        }
    }

    #[test]
    fn a_key_that_is_not_kept_is_not_used() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().to_str().unwrap();
        let keys: Keys = Some(Arc::new(Forgetful));
        assert!(matches!(open(folder, &keys).err(), Some(TelemetryError::KeyUnusable { .. })));
        assert!(matches!(erase(folder, &keys), Err(TelemetryError::KeyUnusable { .. })));
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
