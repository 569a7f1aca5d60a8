//! The device's key: where the app keeps it, or in a file that only the app's own user may read, which is the default.
//!
//! The file holds the 32 bytes of the RFC 8032 seed, in the clear. Whoever can read the app's files can sign as
//! this device.

use crate::entropy;
use crate::errors::CallbackError;
use delistening_schema::key::SecretKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Keeps the device's key in place of the file: in the Keychain, or wrapped by the Secure Enclave or the Keystore. It is
/// asked when telemetry is opened and when it is forgotten, on the thread that does so. It serves one folder: a new one
/// replaces the key, since the end of the chain that it signed is gone with the folder before.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// The 32 bytes that were saved, or nothing if none were. What cannot be read at the moment is thrown: another key
    /// would be another device.
    fn load(&self) -> Result<Option<Vec<u8>>, CallbackError>;

    /// Keeps 32 secret bytes. When this returns they are durable.
    fn save(&self, key: Vec<u8>) -> Result<(), CallbackError>;

    /// Forgets them.
    fn erase(&self) -> Result<(), CallbackError>;
}

/// The key that the app keeps.
pub fn load(keys: &dyn KeyStore) -> Result<Option<SecretKey>, String> {
    let Some(bytes) = keys.load().map_err(|error| error.to_string())? else { return Ok(None) };
    let seed =
        seed(&bytes).ok_or_else(|| format!("the key store gave {} bytes where a key has 32", bytes.len()))?;
    Ok(Some(SecretKey::from_seed(seed)))
}

/// Makes a key, and believes that it is kept when it was read again.
pub fn make(keys: &dyn KeyStore) -> Result<SecretKey, String> {
    let mut seed = [0; 32];
    entropy::fill(&mut seed);
    keys.save(seed.to_vec()).map_err(|error| error.to_string())?;
    let kept = load(keys)?.filter(|kept| kept.public() == SecretKey::from_seed(&seed).public());
    kept.ok_or_else(|| "the key store did not keep the key".to_owned())
}

fn seed(bytes: &[u8]) -> Option<&[u8; 32]> {
    bytes.try_into().ok()
}

/// The key in the file; `None` where there is no file.
pub fn read(path: &Path) -> io::Result<Option<SecretKey>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let seed = seed(&bytes).ok_or_else(|| {
        let what = format!("the key's file has {} bytes where a key has 32", bytes.len());
        io::Error::new(io::ErrorKind::InvalidData, what)
    })?;
    Ok(Some(SecretKey::from_seed(seed)))
}

/// Makes a key. It is on disk, whole, or not there at all.
pub fn create(path: &Path) -> io::Result<SecretKey> {
    let mut seed = [0; 32];
    entropy::fill(&mut seed);
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(&seed)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)?;
    Ok(SecretKey::from_seed(&seed))
}

/// Makes the file's name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        assert!(read(&path).unwrap().is_none());
        // What a crash while it was made leaves behind.
        fs::write(path.with_extension("new"), "half a k").unwrap();
        let made = create(&path).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().public(), made.public());
        let other = create(&folder.path().join("other.key")).unwrap();
        assert_ne!(other.public(), made.public());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        fs::write(&path, [7; 31]).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
