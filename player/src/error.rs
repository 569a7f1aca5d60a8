//! Why a file cannot be played.

use thiserror::Error;

/// Why a file cannot be played, or not further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// The first bytes are of no container that this module was built with.
    #[error("the file is of no kind that this decoder reads")]
    UnknownFormat,
    /// The container is known; what is in it cannot be decoded here.
    #[error("the file holds {0}, which is not decoded")]
    Unsupported(&'static str),
    /// What the file says of itself contradicts itself, or nothing more can be found in it.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
}
