//! A seek goes to the sample that was asked for, and what follows is what plain decoding gives there, bit for bit.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod support;

use delistening_player::Progress;
use support::{FILES, Host, Sound, decode, file, uncompressed};

/// Places all over a sound, its ends among them, in no order.
fn places(frames: usize) -> Vec<usize> {
    let mut state = 7_u64;
    let mut places: Vec<usize> = (0..24)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits") % frames
        })
        .collect();
    places.extend([0, 1, 1151, 1152, frames / 2, frames - 1, 0]);
    places
}

fn check(name: &str, bytes: &[u8], tolerance: f32) {
    let whole = decode(bytes);
    let frames = whole[0].len();
    let mut host = Host::new(bytes, 1500, true);
    for place in places(frames) {
        host.decoder.seek(place as u64);
        let (first, sound) = host.take(3000).expect("a sound file");
        assert_eq!(first, Some(place as u64), "{name}");
        let expected: Sound =
            whole.iter().map(|plane| plane[place..(place + sound[0].len()).min(frames)].to_vec()).collect();
        let error = support::difference(&sound, &expected);
        assert!(error <= tolerance, "{name} at {place}: {error}");
    }
    host.decoder.seek(frames as u64);
    assert_eq!(host.advance(), Ok(Progress::End), "{name}: its end");
    host.decoder.seek(u64::MAX);
    assert_eq!(host.advance(), Ok(Progress::End), "{name}: beyond its end");
    host.decoder.seek(0);
    assert!(matches!(host.advance(), Ok(Progress::Audio { frame: 0, .. })), "{name}: its begin again");
}

#[test]
fn seeks_are_exact_in_every_format() {
    for name in FILES {
        // Opus carries state over further than the 80 ms that its standard asks to decode before a place.
        check(name, &file(name), if name == "short.opus" { 0.01 } else { 0.0 });
    }
    let sound = decode(&file("short.flac"));
    check("WAV", &uncompressed(&sound, 44_100, false), 0.0);
    check("AIFF", &uncompressed(&sound, 44_100, true), 0.0);
}

#[test]
fn a_long_file_of_constant_rate_is_gone_into_without_reading_up_to_the_place() {
    // The same frames again and again, without the first, which tells a length.
    let short = file("short-cbr.mp3");
    let frames = &short[first_frame(&short)..];
    let size = 96_000 * 1152 / 8 / 44_100;
    let frames = &frames[size as usize..frames.len() / 2];
    let long: Vec<u8> = std::iter::repeat_n(frames, 100).flatten().copied().collect();
    let whole = decode(&long);
    let mut host = Host::new(&long, 1500, true);
    host.advance().expect("a sound file");
    let place = whole[0].len() * 3 / 4;
    host.decoder.seek(place as u64);
    let (first, sound) = host.take(2000).expect("a sound file");
    // The joins are not where a frame of constant rate would be: exact walking takes over.
    assert_eq!(first, Some(place as u64));
    assert_eq!(sound[0][..2000], whole[0][place..place + 2000]);
}

fn first_frame(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|pair| pair == [0xff, 0xfb]).expect("a frame")
}
