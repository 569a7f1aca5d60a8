//! The targets by name.

mod audio;
mod device;
mod disk;
mod ledger;
mod server;

/// Something to be fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its folder in the corpus.
    pub name: &'static str,
    /// Takes any bytes, and panics if a promise is broken.
    pub run: fn(&[u8]),
    /// How many mutations the slice in `npm test` makes: fewer where each touches a disk.
    pub slice: u32,
}

const FAST: u32 = 2000;
const SLOW: u32 = 150;
/// Each decodes seconds of sound.
const AUDIO: u32 = 200;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "jws-batch", run: device::jws_batch, slice: FAST },
    Target { name: "batch-payload", run: device::batch_payload, slice: FAST },
    Target { name: "event", run: device::event, slice: FAST },
    Target { name: "token", run: device::token, slice: FAST },
    Target { name: "token-claims", run: device::token_claims, slice: FAST },
    Target { name: "sdk-answer", run: device::sdk_answer, slice: FAST },
    Target { name: "request", run: server::request, slice: FAST },
    Target { name: "encoding", run: server::encoding, slice: FAST },
    Target { name: "jwks", run: server::jwks, slice: FAST },
    Target { name: "tile-path", run: server::tile_path, slice: FAST },
    Target { name: "witness-request", run: server::witness_request, slice: FAST },
    Target { name: "receipt", run: ledger::receipt, slice: FAST },
    Target { name: "signed-note", run: ledger::signed_note, slice: FAST },
    Target { name: "entry", run: ledger::entry, slice: FAST },
    Target { name: "policy", run: ledger::policy, slice: FAST },
    Target { name: "export-line", run: ledger::export_line, slice: FAST },
    Target { name: "log-keys", run: ledger::log_keys, slice: FAST },
    Target { name: "audio", run: audio::audio, slice: AUDIO },
    Target { name: "journal", run: disk::journal, slice: SLOW },
    Target { name: "signed-slots", run: disk::signed_slots, slice: SLOW },
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
