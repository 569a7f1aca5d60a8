//! Verified tokens, so that a device's next batch costs one signature less.

use delistening_schema::Hash;
use delistening_schema::token::Claims;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many tokens are remembered: some tens of megabytes at most.
const MOST: usize = 50_000;

/// Tokens by their hash, so that the cache holds no token that could be used.
#[derive(Debug, Default)]
pub struct Cache(Mutex<HashMap<Hash, Arc<Claims>>>);

impl Cache {
    /// What a token says that was verified before. Its times must be checked again.
    pub fn get(&self, token: &str) -> Option<Arc<Claims>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&Hash::of(token.as_bytes())).cloned()
    }

    /// Remembers a verified token.
    pub fn insert(&self, token: &str, claims: Claims) -> Arc<Claims> {
        let claims = Arc::new(claims);
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST {
            // Tokens live for minutes: whoever is still sending is back with one verification.
            tokens.clear();
        }
        tokens.insert(Hash::of(token.as_bytes()), Arc::clone(&claims));
        claims
    }
}
