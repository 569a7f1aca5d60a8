//! `sdk-core` for the web: the state machine, the device key and the page's random bytes as one WASM module.
//!
//! A thin binding and nothing more. It decides nothing, keeps no state of its own and never touches
//! storage, network or clock: the TypeScript in `js/` does that, beginning with `js/host.ts`. Start with
//! [`Core`].
//!
//! Numbers that count milliseconds or name tickets are `number`s in JavaScript, exact up to 2^53.

#![cfg_attr(all(target_arch = "wasm32", not(feature = "conformance")), no_std)]

extern crate alloc;

mod core;
mod entropy;
mod key;
mod outputs;
mod settings;

#[cfg(all(target_arch = "wasm32", not(feature = "conformance")))]
mod bare;

#[cfg(feature = "conformance")]
mod conformance;

pub use crate::core::Core;
pub use key::SeedKey;

#[cfg(feature = "conformance")]
pub use conformance::conformance;
