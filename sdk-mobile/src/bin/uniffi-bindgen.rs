//! Writes the Swift and Kotlin bindings from the built library; see the README of this crate.

fn main() {
    uniffi::uniffi_bindgen_main();
}
