//! A name for the network that an address lies in, which nobody can turn back into the network.
//!
//! The name is a hash of the /24 (IPv4) or /48 (IPv6) under a random key that lives for a day of UTC and is overwritten by
//! the next: the same network has the same name all day, across restarts, and what is kept tells neither which network it
//! was nor that it was the same on another day.

use super::{Enricher, Visit};
use crate::http::network;
use delistening_schema::{Hash, IntakeContext, bytes};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Enough for names that do not meet by accident within a day.
const NAME_BYTES: usize = 9;

/// Why the key cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the key that networks are named under cannot be kept in {path}: {error}")]
pub struct NetworkKeyError {
    path: PathBuf,
    error: io::Error,
}

/// Names networks.
#[derive(Debug)]
pub struct Networks {
    path: PathBuf,
    key: Mutex<Key>,
}

#[derive(Clone, Copy)]
struct Key {
    day: u64,
    secret: [u8; 32],
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("day", &self.day).finish_non_exhaustive()
    }
}

impl Networks {
    /// Goes on with the key in `folder`, or makes one; `now_ms` in milliseconds since 1970.
    pub fn open(folder: &Path, now_ms: u64) -> Result<Self, NetworkKeyError> {
        let path = folder.join("network-key");
        let failed = |error| NetworkKeyError { path: path.clone(), error };
        let today = now_ms / DAY_MS;
        let kept = std::fs::read(&path).ok().and_then(|bytes| Key::read(&bytes));
        let key = match kept.filter(|key| key.day == today) {
            Some(key) => key,
            None => Key::make(today, &path).map_err(failed)?,
        };
        Ok(Self { path, key: Mutex::new(key) })
    }

    fn name(&self, network: [u8; 6], now_ms: u64) -> Option<String> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now_ms / DAY_MS;
        if key.day != today {
            match Key::make(today, &self.path) {
                Ok(fresh) => *key = fresh,
                Err(error) => {
                    tracing::error!(%error, "the key that networks are named under cannot be renewed: they have no names");
                    return None;
                }
            }
        }
        let hash = Hash::of_parts(&[&key.secret, &key.day.to_be_bytes(), &network]);
        Some(bytes::encode(&hash.0[..NAME_BYTES]))
    }
}

impl Key {
    fn make(day: u64, path: &Path) -> io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        // In place of the key before, which is gone with this.
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        io::Write::write_all(&mut file, &[day.to_be_bytes().as_slice(), &secret].concat())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(Self { day, secret })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (day, secret) = bytes.split_first_chunk::<8>()?;
        Some(Self { day: u64::from_be_bytes(*day), secret: secret.try_into().ok()? })
    }
}

impl Enricher for Networks {
    fn enrich(&self, visit: &Visit<'_>, context: &mut IntakeContext) {
        context.network = network(visit.address).and_then(|network| self.name(network, visit.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(networks: &Networks, address: &str, at: u64) -> Option<String> {
        let mut context = IntakeContext::default();
        networks.enrich(&Visit { address: address.parse().unwrap(), agent: None, at }, &mut context);
        context.network
    }

    #[test]
    fn a_network_has_one_name_a_day_and_another_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let networks = Networks::open(folder.path(), 0).unwrap();
        let first = name(&networks, "203.0.113.7", 5).unwrap();
        assert_eq!(name(&networks, "203.0.113.200", DAY_MS - 1), Some(first.clone()));
        assert_ne!(name(&networks, "203.0.114.7", 5), Some(first.clone()));
        assert_eq!(name(&networks, "::ffff:203.0.113.9", 5), Some(first.clone()), "however it is written");
        assert_eq!(name(&networks, "192.168.1.5", 5), None, "the operator's own");
        let again = Networks::open(folder.path(), 9).unwrap();
        assert_eq!(name(&again, "203.0.113.7", 9), Some(first.clone()), "after a restart");
        assert_ne!(name(&again, "203.0.113.7", DAY_MS), Some(first.clone()));
        let kept = std::fs::read(folder.path().join("network-key")).unwrap();
        assert_eq!(Key::read(&kept).unwrap().day, 1, "the key before is gone");
        let v6 = name(&again, "2001:db8:1:2::3", DAY_MS);
        assert!(v6.is_some() && v6 == name(&again, "2001:db8:1:9::1", DAY_MS));
    }
}
