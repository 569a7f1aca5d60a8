//! Tools that cross parts: load generators and benchmarks.
