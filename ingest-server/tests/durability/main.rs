//! What an ack is worth, whatever the disk does.

mod acks;
#[cfg(feature = "faults")]
mod faults;
mod restarts;
mod support;
