//! Damaged files end in an error or in silence, never in a panic, a hang or a flood of memory.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod support;

use proptest::prelude::*;
use support::{FILES, Host, decode, file, uncompressed};

/// As many samples as any of the files could be made to claim by a few flipped bits, and be believed.
fn survive(bytes: &[u8], piece: usize, seeks: &[u16]) {
    let mut host = Host::new(bytes, piece, piece.is_multiple_of(2));
    host.damaged = true;
    let outcome = host.take(1 << 20);
    assert!(
        host.given <= 40 * bytes.len() as u64 + (1 << 20),
        "{} bytes were read of {}",
        host.given,
        bytes.len()
    );
    if outcome.is_err() {
        return;
    }
    for seek in seeks {
        host.decoder.seek(u64::from(*seek) * 11);
        if host.take(5000).is_err() {
            return;
        }
    }
}

/// Files by kind: small ones, as each is decoded many times.
fn small() -> impl Strategy<Value = Vec<u8>> {
    let wav = || {
        let sound = decode(&file("short.flac")).iter().map(|plane| plane[..2000].to_vec()).collect();
        [uncompressed(&sound, 44_100, false), uncompressed(&sound, 44_100, true)]
    };
    let mut files: Vec<Vec<u8>> = FILES.iter().map(|name| file(name)).collect();
    files.extend(wav());
    for file in &mut files {
        file.truncate(16_000);
    }
    proptest::sample::select(files)
}

proptest! {
    // The same cases each time: a search for more is a matter of PROPTEST_CASES and a seed of one's own.
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: proptest::test_runner::RngSeed::Fixed(6),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn flipped_bits(
        mut bytes in small(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..24),
        near_the_begin in any::<bool>(),
        seeks in prop::collection::vec(any::<u16>(), 0..3),
        piece in 1_usize..3000,
    ) {
        let reach = if near_the_begin { bytes.len().min(600) } else { bytes.len() };
        for (at, bit) in flips {
            bytes[at.index(reach)] ^= 1 << bit;
        }
        survive(&bytes, piece.max(64), &seeks);
    }

    #[test]
    fn truncated(bytes in small(), at in any::<prop::sample::Index>(), seeks in prop::collection::vec(any::<u16>(), 0..3)) {
        survive(&bytes[..at.index(bytes.len())], 512, &seeks);
    }

    #[test]
    fn pieces_of_other_files(a in small(), b in small(), at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let joined = [&a[..at.index(a.len())], &b[to.index(b.len())..]].concat();
        survive(&joined, 700, &[9, 0]);
    }

    #[test]
    fn noise(mut bytes in prop::collection::vec(any::<u8>(), 0..4000), head in 0_usize..9) {
        let heads: [&[u8]; 9] = [b"", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"\0\0\0\x18ftypM4A ", b"RIFF\0\0\0\0WAVEfmt ",
            b"FORM\0\0\0\0AIFFCOMM", b"ID3\x04\0\0\0\0\x0f\x7f", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80"];
        bytes.splice(0..0, heads[head].iter().copied());
        survive(&bytes, 256, &[0, 100]);
    }
}

#[test]
fn an_empty_file_and_text_are_no_sound() {
    for bytes in
        [&b""[..], b"x", b"<!doctype html><title>Not found</title>", &vec![0; 100_000], &vec![0xff; 100_000]]
    {
        assert!(Host::new(bytes, 1000, true).rest().is_err());
        assert!(Host::new(bytes, 1000, false).rest().is_err());
    }
}

#[test]
fn an_endless_stream_of_nothing_ends_in_an_error() {
    let nothing = vec![0; 8 << 20];
    let mut host = Host::new(&nothing, 1 << 16, false);
    assert!(host.rest().is_err());
    assert!(host.given < 4 << 20, "{} bytes until it was given up", host.given);
}

#[test]
fn a_huge_tag_is_jumped_over() {
    let tag = [&b"ID3\x03\0\0\x02\0\0\0"[..], &vec![7; 4 << 20]].concat();
    let bytes = [tag, file("short-cbr.mp3")].concat();
    let mut host = Host::new(&bytes, 1 << 14, true);
    let (_, sound) = host.rest().expect("sound after the tag");
    assert_eq!(sound[0].len(), 48_510);
    assert!(host.given < 200_000, "{} bytes were read", host.given);
}
