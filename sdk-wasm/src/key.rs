//! The device key of a browser that keeps its seed itself.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use delistening_schema::key::SecretKey;
use wasm_bindgen::prelude::*;

/// An Ed25519 key made from a stored seed. The private half stays in this module's memory.
#[wasm_bindgen]
pub struct SeedKey(SecretKey);

#[wasm_bindgen]
impl SeedKey {
    /// The key of an RFC 8032 seed, which has 32 bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &[u8]) -> Result<SeedKey, JsError> {
        let seed = seed.try_into().map_err(|_| JsError::new("the seed of a device key has 32 bytes"))?;
        Ok(Self(SecretKey::from_seed(seed)))
    }

    /// The 32 bytes of the public key.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public().to_bytes().to_vec()
    }

    /// The device id: the RFC 7638 thumbprint of the public key.
    pub fn device(&self) -> String {
        self.0.public().thumbprint().to_string()
    }

    /// Signs as RFC 8032 says; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_vec()
    }
}
