//! The playback-telemetry state machine, from player signals to sealed batches to verified receipts.
//!
//! [`Core`] is fed [`Input`]s (a player's signal, the time, an answer of storage, key, token callback or
//! server) and asked for [`Output`]s (store this, sign that, send this, wake me then). It never reads a
//! clock, touches a file or socket, makes a random number of its own or runs anything asynchronous: hosts
//! do. That is what makes it the same on every platform, and lets a test replay any schedule of faults.
//!
//! The rooms: `session` turns player signals into events, `heard` keeps the media intervals really heard,
//! `queue` holds events until they are sealed, `batch` seals them into a signed chain, `backlog` holds those until
//! they are proved to be kept, `core/bounds` gives up what is too much, `upload` decides when to send again,
//! `trust` checks receipts, `audit` asks the log itself, `senses` keeps what a device senses beside the player. Start with [`Core::handle`].

#![cfg_attr(not(any(test, feature = "senses")), no_std)]

extern crate alloc;

mod audit;
mod backlog;
mod backoff;
mod batch;
mod core;
mod heard;
mod ids;
mod io;
mod prelude;
mod queue;
mod record;
#[cfg(feature = "senses")]
mod senses;
mod session;
mod sorted;
mod trust;
mod upload;
mod witnesses;

pub use crate::core::Core;
#[cfg(feature = "senses")]
pub use crate::senses::{Allowed, MotionSummary, Precision};
pub use heard::Heard;
pub use io::{
    Config, EngageKind, Entropy, ErrorNotice, FetchResult, Input, Notice, Now, Output, Record, Signal,
    Status, Track, TransportResult,
};
