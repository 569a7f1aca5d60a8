//! Witnesses (C2SP tlog-witness): others who see that a log only grows, and sign what they saw.
//!
//! `service` is one: it cosigns checkpoints of the logs it knows. `rounds` has this server's own checkpoints cosigned
//! by others. Neither stands before an ack.

mod memory;
mod request;
mod rounds;
mod service;
mod submission;

pub use memory::Memory;
pub use request::AddCheckpoint;
pub use rounds::Witnessed;
pub use service::{Service, router};
pub use submission::Submission;
