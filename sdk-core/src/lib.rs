//! The playback-telemetry state machine, sans-I/O.
