//! What stands in a path.

use super::problem::Refusal;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use delistening_schema::problem::{Code, Problem};
use serde::de::DeserializeOwned;

/// A segment of the path; one that cannot be read is refused as everything else is.
#[derive(Debug)]
pub struct Segment<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segment<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(segment) =
            Path::from_request_parts(parts, state).await.map_err(|error: PathRejection| {
                Refusal::from(Problem::new(Code::InvalidParameter, error.body_text()))
            })?;
        Ok(Self(segment))
    }
}
