//! What is fuzzed: for each parser that meets the network or the disk one function that must never panic, whatever
//! bytes it is given, and that holds what was read against what the parser promises.
//!
//! `npm run fuzz` runs them under libFuzzer, guided by coverage (`engine/`); `tests/slice.rs` runs the corpus and a
//! fixed number of fixed mutations of it with the ordinary toolchain, as a part of `npm test`.

mod disk_seeds;
pub mod mutate;
pub mod seeds;
mod targets;

pub use targets::{TARGETS, Target, find};
