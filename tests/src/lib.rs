//! What the load and fault tools share: devices that sign real batches, a server in a process of its own, a
//! load of HTTP requests, and figures. Never part of a shipped program.
//!
//! Start with `src/bin/bench-ingest.rs` for load, with `src/crash.rs`, which kills servers, or with `src/sim/mod.rs`, which
//! simulates whole worlds.

pub mod crash;
pub mod device;
pub mod dishonest;
pub mod engine;
pub mod figures;
pub mod folder;
pub mod listener;
pub mod listening;
pub mod load;
pub mod mmdb;
pub mod plays;
pub mod process;
pub mod signed;
pub mod sim;
pub mod wait;
