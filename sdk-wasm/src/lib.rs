//! `sdk-core` for the web.
