//! libFuzzer around one of the fuzz targets: the one that FUZZ_TARGET names.

#![no_main]

use delistening_fuzz::{Target, find};
use std::sync::LazyLock;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    find(&name).unwrap_or_else(|| panic!("{name} is no target"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
