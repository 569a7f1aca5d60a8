//! The golden vectors' one function, for the test that runs them in a browser.

use wasm_bindgen::prelude::*;

/// Performs the operation `name` on `input`; see `delistening_schema::conformance`.
#[wasm_bindgen]
pub fn conformance(name: &str, input: &str) -> String {
    delistening_schema::conformance::run(name, input)
}
