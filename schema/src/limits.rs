//! The default limits of protocol v1. A server may be configured otherwise and says so in its OpenAPI
//! document; devices stay within these.

/// Most bytes of one signed batch (the compact JWS).
pub const BATCH_BYTES: usize = 256 * 1024;
/// Most events in one batch.
pub const BATCH_EVENTS: usize = 500;
/// Most members of `dropped` in one batch.
pub const BATCH_DROPPED: usize = 16;
/// Most bytes of one request, after decompression.
pub const REQUEST_BYTES: usize = 1024 * 1024;
/// Most batches in one request.
pub const REQUEST_BATCHES: usize = 16;
/// Most bytes of an access token.
pub const TOKEN_BYTES: usize = 4 * 1024;
/// Longest life of an access token, in seconds.
pub const TOKEN_LIFE_S: u64 = 15 * 60;
/// Longest life of a share link, in seconds.
pub const SHARE_LIFE_S: u64 = 90 * 24 * 60 * 60;
/// How far two honest clocks may differ when a token is checked, in seconds.
pub const CLOCK_LEEWAY_S: u64 = 60;
/// Most bytes of an identifier (track, artist, release, listener, audience …).
pub const ID_BYTES: usize = 256;
/// Most bytes of a short descriptive field (source, engine, output, code …).
pub const LABEL_BYTES: usize = 64;
/// Most intervals in one event.
pub const EVENT_INTERVALS: usize = 1000;
/// Largest integer that every reader, JavaScript included, represents exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;
/// Most bytes of a ledger entry (C2SP tlog-tiles).
pub const ENTRY_BYTES: usize = 65_535;
/// Most bytes of a receipt.
pub const RECEIPT_BYTES: usize = 16 * 1024;
