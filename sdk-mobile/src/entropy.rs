//! Random bytes from the operating system.

use delistening_sdk_core::Entropy;

pub struct System;

impl Entropy for System {
    fn fill(&mut self, bytes: &mut [u8]) {
        fill(bytes);
    }
}

/// Fills `bytes` with what nobody can predict.
pub fn fill(bytes: &mut [u8]) {
    // Every system we run on has a generator that cannot fail once it is up; without one no id may be made.
    getrandom::fill(bytes).expect("the system gives random bytes");
}
