//! What is decoded is what was encoded: bit for bit where the format is lossless, and at the right place to the sample
//! where it is not; and it is what Symphonia's own readers make of the same file.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod support;

use delistening_player::CodecKind;
use support::{FILES, Host, Sound, decode, difference, file, path, uncompressed};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{FormatOptions, TrackType, probe::Hint};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// The frames that tests/audio/make.mjs encoded.
const SHORT: usize = 48_510;
const LONG: usize = 576_000;

/// What all of Symphonia makes of a file: its probe, its readers, its gapless trimming.
fn symphonia(name: &str) -> Sound {
    let source = Box::new(std::fs::File::open(path(name)).expect("a file"));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .expect("a format");
    let track = reader.default_track(TrackType::Audio).expect("a track").clone();
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).expect("audio");
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .expect("a decoder");
    let mut sound = Sound::new();
    while let Ok(Some(packet)) = reader.next_packet() {
        let mut planes = Sound::new();
        decoder.decode(&packet).expect("a sound packet").copy_to_vecs_planar(&mut planes);
        sound.resize_with(planes.len(), Vec::new);
        for (plane, more) in sound.iter_mut().zip(planes) {
            plane.extend(more);
        }
    }
    sound
}

/// The root of the mean square of the difference, with `a` shifted against `b`.
fn noise(a: &Sound, b: &Sound, shift: isize) -> f32 {
    assert_eq!(a[0].len(), b[0].len(), "as many frames");
    let (a, b) = (&a[1][8..], &b[1][8_usize.saturating_add_signed(shift)..]);
    let squares: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (squares / a.len() as f32).sqrt()
}

#[test]
fn flac_is_what_its_own_checksum_says() {
    let sound = decode(&file("short.flac"));
    assert_eq!(sound[0].len(), SHORT);
    let wav = uncompressed(&sound, 44_100, false);
    // STREAMINFO, after 8 bytes, ends with the MD5 of what was encoded.
    assert_eq!(md5(&wav[44..]), file("short.flac")[26..42]);
}

#[test]
fn alac_wav_and_aiff_are_the_same_sound_bit_for_bit() {
    let sound = decode(&file("short.flac"));
    assert!(difference(&decode(&file("short-alac.m4a")), &sound) == 0.0, "ALAC");
    assert!(difference(&decode(&uncompressed(&sound, 44_100, false)), &sound) == 0.0, "WAV");
    assert!(difference(&decode(&uncompressed(&sound, 44_100, true)), &sound) == 0.0, "AIFF");
}

#[test]
fn lossy_files_are_as_long_as_their_source_and_nowhere_far_from_it() {
    for name in ["short-cbr.mp3", "short.ogg", "short.m4a"] {
        let (ours, source) = (decode(&file(name)), decode(&file("short.flac")));
        let error = noise(&ours, &source, 0);
        assert!(error < 0.02, "{name}: {error}");
        for shift in [-1, 1] {
            assert!(noise(&ours, &source, shift) > 2.0 * error, "{name}: a shift by {shift} shows");
        }
    }
    assert_eq!(decode(&file("long-vbr.mp3"))[0].len(), LONG);
    assert_eq!(decode(&file("long.ogg"))[0].len(), LONG);
    let opus = decode(&file("short.opus"));
    assert_eq!(opus[0].len(), SHORT * 48_000 / 44_100, "Opus is always at 48 kHz");
}

#[test]
fn it_is_what_symphonia_makes_of_the_same_file() {
    for name in FILES {
        if name == "short.opus" {
            continue;
        }
        let (ours, theirs) = (decode(&file(name)), symphonia(name));
        // A stream without a word of its length is as long as its packets, and an edit list is not read by it.
        let len = ours[0].len().min(theirs[0].len());
        let skip = if name == "short.m4a" { 1024 } else { 0 };
        let cut = |sound: &Sound, skip: usize| -> Sound {
            sound.iter().map(|plane| plane[skip..skip + len - 1024].to_vec()).collect()
        };
        let error = difference(&cut(&ours, 0), &cut(&theirs, skip));
        assert!(error < 1e-6, "{name}: {error}, {} and {} frames", ours[0].len(), theirs[0].len());
    }
}

#[test]
fn what_the_host_gives_in_any_pieces_comes_out_the_same() {
    for name in FILES {
        let bytes = file(name);
        let whole = decode(&bytes);
        for (piece, knows_length) in [(61, true), (1 << 16, true), (1000, false)] {
            let (_, sound) = Host::new(&bytes, piece, knows_length).rest().expect("a sound file");
            assert!(difference(&sound, &whole) == 0.0, "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn what_is_known_before_the_first_sample() {
    for (name, codec, rate, channels, frames) in [
        ("short.flac", CodecKind::Flac, 44_100, 2, Some(SHORT)),
        ("short-alac.m4a", CodecKind::Alac, 44_100, 2, Some(SHORT)),
        ("short-cbr.mp3", CodecKind::Mp3, 44_100, 2, Some(SHORT)),
        ("long-vbr.mp3", CodecKind::Mp3, 16_000, 1, Some(LONG)),
        ("short.m4a", CodecKind::Aac, 44_100, 2, Some(SHORT)),
        ("short.ogg", CodecKind::Vorbis, 44_100, 2, None),
        ("short.opus", CodecKind::Opus, 48_000, 2, None),
    ] {
        let bytes = file(name);
        let mut host = Host::new(&bytes, 4096, true);
        host.advance().expect("a sound file");
        let track = host.decoder.track().expect("a track").clone();
        assert_eq!((track.codec, track.sample_rate, track.channels), (codec, rate, channels), "{name}");
        assert_eq!(track.frames, frames.map(|frames| frames as u64), "{name}");
        if frames.is_none() {
            let told = host.decoder.tail(&bytes[bytes.len().saturating_sub(20_000)..]);
            assert_eq!(told, Some(decode(&bytes)[0].len() as u64), "{name}, by its end");
        }
    }
    let bytes = file("short.flac");
    let mut host = Host::new(&bytes, 4096, true);
    host.advance().expect("a sound file");
    assert_eq!(host.decoder.track().expect("a track").gain.track_db, Some(-7.03));
}

/// RFC 1321, for one assertion.
fn md5(bytes: &[u8]) -> [u8; 16] {
    let sines: Vec<u32> = (1..=64).map(|i| (f64::from(i).sin().abs() * 4_294_967_296.0) as u32).collect();
    let mut message = bytes.to_vec();
    message.push(0x80);
    message.resize(message.len().next_multiple_of(64), 0);
    if bytes.len() % 64 >= 56 {
        message.resize(message.len() + 64, 0);
    }
    let at = message.len() - 8;
    message[at..].copy_from_slice(&(bytes.len() as u64 * 8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for chunk in message.chunks_exact(64) {
        let words: Vec<u32> =
            chunk.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four"))).collect();
        let [mut a, mut b, mut c, mut d] = state;
        for i in 0..64 {
            let (mix, word, turns) = match i / 16 {
                0 => (b & c | !b & d, i, [7, 12, 17, 22]),
                1 => (d & b | !d & c, 5 * i + 1, [5, 9, 14, 20]),
                2 => (b ^ c ^ d, 3 * i + 5, [4, 11, 16, 23]),
                _ => (c ^ (b | !d), 7 * i, [6, 10, 15, 21]),
            };
            let sum = a.wrapping_add(mix).wrapping_add(sines[i]).wrapping_add(words[word % 16]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(turns[i % 4]));
        }
        for (state, add) in state.iter_mut().zip([a, b, c, d]) {
            *state = state.wrapping_add(add);
        }
    }
    state.map(u32::to_le_bytes).concat().try_into().expect("sixteen")
}
