//! What the core promises, in a world where every fault can be had at will.

mod behaviour;
mod log;
#[cfg(feature = "senses")]
mod senses;
mod support;
mod verdict;
