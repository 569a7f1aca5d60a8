//! `sdk-core` for the web.
#![forbid(unsafe_code)]
use wasm_bindgen::prelude::*;
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}
/// k
#[wasm_bindgen]
pub struct SeedKey(delistening_schema::key::SecretKey);
#[wasm_bindgen]
impl SeedKey {
    /// k
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &[u8]) -> Result<SeedKey, JsError> {
        let mut b = [0u8; 8];
        get_random_values(&mut b);
        let seed: [u8; 32] = seed.try_into().map_err(|_| JsError::new("seed"))?;
        Ok(Self(delistening_schema::key::SecretKey::from_seed(&seed)))
    }
    /// d
    pub fn device(&self) -> String { self.0.public().thumbprint().to_string() }
}
