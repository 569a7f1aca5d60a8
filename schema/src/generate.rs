//! What is generated from the Rust types and checked in: JSON Schema, TypeScript types, golden vectors.
//!
//! Only built with the feature `generate`; a test compares what is checked in with what this gives.

mod json_schema;
mod typescript;
mod vectors;

use std::collections::BTreeMap;

/// Every generated file: its path below this crate's folder, and its content.
pub fn files() -> BTreeMap<String, String> {
    let mut files = json_schema::files();
    files.extend(typescript::files());
    files.extend(vectors::files());
    files
}

/// The folders that hold nothing but generated files.
pub const FOLDERS: [&str; 3] = ["json", "ts", "vectors"];
