//! What else the server reads from the network.

use super::text;
use delistening_ingest::auth::Issuers;
use delistening_ingest::http::fuzzing;
use delistening_ingest::witness::AddCheckpoint;
use delistening_schema::api::IngestRequest;
use delistening_schema::limits;

pub fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<IngestRequest>(bytes) else { return };
    let again = serde_json::to_vec(&request).expect("a request is JSON");
    let again: IngestRequest = serde_json::from_slice(&again).expect("it was good");
    assert_eq!((again.batches, again.token), (request.batches, request.token));
}

/// The first byte chooses the encoding.
pub fn encoding(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    if let Some(decoded) = fuzzing::decode(*choice, bytes) {
        assert!(decoded.len() <= limits::REQUEST_BYTES);
    }
}

pub fn jwks(bytes: &[u8]) {
    let Some(set) = text(bytes) else { return };
    let mut issuers = Issuers::default();
    if issuers.trust("one", set).is_ok() {
        assert!(issuers.find("two", None).is_none());
    }
}

pub fn tile_path(bytes: &[u8]) {
    let Some(path) = text(bytes) else { return };
    // Each tile has exactly one path.
    if let Some(canonical) = fuzzing::tile_path(path) {
        assert_eq!(canonical, path);
    }
}

pub fn witness_request(bytes: &[u8]) {
    let Some(body) = text(bytes) else { return };
    if let Some(request) = AddCheckpoint::parse(body) {
        assert_eq!(request.to_string(), body);
    }
}
