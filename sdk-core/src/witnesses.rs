//! Which witnesses must have seen the log (C2SP tlog-policy), in builds that carry it: policies are code that a page
//! would have to download.

#[cfg(feature = "witnesses")]
pub use carried::Witnesses;
#[cfg(not(feature = "witnesses"))]
pub use left_out::Witnesses;

#[cfg(feature = "witnesses")]
mod carried {
    use crate::prelude::*;
    use delistening_schema::ledger::{Checkpoint, Policy};

    pub struct Witnesses(Policy);

    impl Witnesses {
        pub fn parse(policy: &str) -> Result<Self, String> {
            Policy::parse(policy).map(Self).map_err(|error| error.to_string())
        }

        /// The checkpoint of a note that enough of them have cosigned.
        pub fn verify(&self, note: &str) -> Option<Checkpoint> {
            self.0.verify(note).ok()
        }
    }
}

#[cfg(not(feature = "witnesses"))]
mod left_out {
    use crate::prelude::*;
    use delistening_schema::ledger::Checkpoint;

    pub enum Witnesses {}

    impl Witnesses {
        pub fn parse(_: &str) -> Result<Self, String> {
            Err("this build of the SDK carries no policies of witnesses".to_owned())
        }

        pub fn verify(&self, _: &str) -> Option<Checkpoint> {
            match *self {}
        }
    }
}
