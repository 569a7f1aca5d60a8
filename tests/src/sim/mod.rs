//! A world of devices, days and faults around the real device core and the real server, run by a seed.
//!
//! Time is a number, so a month passes in milliseconds, and the same seed gives the same world. [`World`] drives
//! [`device`]s (the core of `sdk-core`, with a disk, a key, a clock and tabs that all may fail) against a
//! [`server`] (its log, intake and projection, in this process). The [`oracle`] watches the devices' disks and
//! knows from that which events are owed: everything that was once durable and not openly given up.

pub mod device;
pub mod dice;
pub mod oracle;
pub mod server;
mod world;

pub use world::{Outcome, World};
