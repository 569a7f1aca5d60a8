//! The contract of Delistening: what a device writes, what a server answers, and how each is checked.
//!
//! Everything that two parts of the system must agree on lives here and nowhere else: [`event`]s,
//! signed [`batch`]es, access [`token`]s, [`ledger`] receipts and their verification, the [`play`] rule,
//! what looks like fraud (`analysis`), [`problem`] codes, [`limits`], and the [`export`] that an auditor checks. The
//! same compiled code runs on the device, in the server and in an auditor, natively and as WASM.
//!
//! This crate never performs I/O, never reads a clock and never makes a random number; callers pass in
//! time, keys and nonces.
//!
//! Start with [`batch`] (what is signed) and [`ledger::Receipt`] (what comes back).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "judge")]
pub mod analysis;
pub mod api;
#[cfg(feature = "audit")]
pub mod audit;
pub mod batch;
pub mod bytes;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod event;
pub mod export;
#[cfg(feature = "generate")]
pub mod generate;
pub mod intake;
pub mod intervals;
pub mod json;
#[cfg(feature = "judge")]
pub mod judge;
pub mod jws;
pub mod key;
pub mod ledger;
pub mod limits;
pub mod play;
mod prelude;
pub mod problem;
#[cfg(any(test, feature = "strategies"))]
pub mod strategies;
pub mod token;

pub use batch::{Anchor, Batch, DropReason, Dropped, OpenedBatch};
pub use bytes::Hash;
pub use event::{Body, Event};
pub use intake::IntakeContext;
pub use intervals::Intervals;
pub use key::{DeviceId, PublicKey};
pub use problem::{Action, Code, Problem};
