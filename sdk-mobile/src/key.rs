//! The device's key in a file that only the app's own user may read: the default where nothing better is wired.
//!
//! The file holds the 32 bytes of the RFC 8032 seed, in the clear. Whoever can read the app's files can sign as
//! this device.

use crate::entropy;
use delistening_schema::key::SecretKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The key in the file; `None` where there is no file.
pub fn read(path: &Path) -> io::Result<Option<SecretKey>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let seed: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| {
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
