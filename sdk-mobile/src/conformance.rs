//! What tests in each language call: the golden vectors' one function, and failures that nothing else can bring about.

use crate::errors::CallbackError;
use crate::inbox::Message;
use crate::telemetry::Telemetry;

/// Performs the operation `name` on `input`; see `delistening_schema::conformance`.
#[uniffi::export]
#[allow(clippy::needless_pass_by_value, reason = "what crosses the border arrives owned")]
pub fn conformance(name: String, input: String) -> String {
    delistening_schema::conformance::run(&name, &input)
}

/// Panics in the app's own call.
#[uniffi::export]
pub fn conformance_panic(message: String) -> Result<(), CallbackError> {
    std::panic::panic_any(message)
}

/// Panics in a task that the app waits for.
#[uniffi::export]
pub async fn conformance_panic_later(message: String) -> Result<(), CallbackError> {
    std::panic::panic_any(message)
}

#[uniffi::export]
impl Telemetry {
    /// Panics on telemetry's own thread.
    pub fn conformance_panic(&self, message: String) {
        self.tell(Message::Panic(message));
    }
}
