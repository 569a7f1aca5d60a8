//! Random bytes from the page.

use delistening_sdk_core::Entropy;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// Web Cryptography's generator. The core asks for a few dozen bytes at a time, far below its 64 KiB limit.
pub struct WebCrypto;

impl Entropy for WebCrypto {
    fn fill(&mut self, bytes: &mut [u8]) {
        get_random_values(bytes);
    }
}
