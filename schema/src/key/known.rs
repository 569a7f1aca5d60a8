//! Keys of devices that were here before, kept expanded.

use super::PublicKey;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many keys are remembered: some twenty megabytes at most.
const MOST: usize = 50_000;

/// Accepted keys by their bytes.
#[derive(Debug, Default)]
pub struct KnownKeys(Mutex<HashMap<[u8; 32], PublicKey>>);

impl KnownKeys {
    /// The key of these bytes, if it was accepted before.
    pub fn get(&self, bytes: &[u8; 32]) -> Option<PublicKey> {
        self.keys().get(bytes).cloned()
    }

    /// Remembers an accepted key.
    pub fn insert(&self, key: &PublicKey) {
        let (bytes, mut keys) = (key.to_bytes(), self.keys());
        if keys.contains_key(&bytes) {
            return;
        }
        if keys.len() >= MOST {
            // To expand one again costs microseconds: not worth remembering who was here last.
            keys.clear();
        }
        keys.insert(bytes, key.clone());
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<[u8; 32], PublicKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
