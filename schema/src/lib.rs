//! The contract of Delistening.
