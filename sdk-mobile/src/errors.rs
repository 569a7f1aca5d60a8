//! What can be thrown across the border.

/// Why telemetry could not be opened. Everything that goes wrong later is told to the observer instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TelemetryError {
    /// The endpoint is not the URL of a server.
    #[error("endpoint {endpoint} cannot be used: {reason}")]
    InvalidEndpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another option cannot be used.
    #[error("option {option} cannot be used: {reason}")]
    InvalidOption {
        /// Its name.
        option: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing can be kept in the folder: it cannot be made, written, or read as what was written there.
    #[error("folder {folder} cannot be used: {reason}")]
    FolderUnusable {
        /// As it was given.
        folder: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another telemetry object works with the folder, in this process or another.
    #[error("folder {folder} is in use by another telemetry object")]
    FolderInUse {
        /// As it was given.
        folder: String,
    },
    /// The device's key cannot be read, or is not the one that the folder's records were signed with.
    #[error("the device's key cannot be used: {reason}")]
    KeyUnusable {
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused what telemetry cannot do without, such as a thread.
    #[error("telemetry cannot run: {reason}")]
    Unavailable {
        /// What it refused, and why.
        reason: String,
    },
}

/// What a callback of the app may throw, and what anything else that it throws is turned into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CallbackError {
    /// It failed.
    #[error("{reason}")]
    Failed {
        /// Why, for the observer's eyes.
        reason: String,
    },
}

// Without this, an exception that nobody declared would be a panic here.
impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}
