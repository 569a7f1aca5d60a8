//! The golden vectors' one function, for the tests that run them in each language.

/// Performs the operation `name` on `input`; see `delistening_schema::conformance`.
#[uniffi::export]
#[allow(clippy::needless_pass_by_value, reason = "what crosses the border arrives owned")]
pub fn conformance(name: String, input: String) -> String {
    delistening_schema::conformance::run(&name, &input)
}
