//! What the decoder is set up with: the sample description of a track.

use super::super::adts::SAMPLE_RATES;
use super::super::be;
use super::boxes;
use crate::error::Error;
use crate::track::{CodecKind, Track};

const DAMAGED: Error = Error::Damaged("its description of the sound");

/// The track that a sample description box speaks of.
pub(super) fn track(stsd: &[u8]) -> Result<Track, Error> {
    let (kind, entry) = boxes::children(stsd.get(8..).unwrap_or_default()).next().ok_or(DAMAGED)?;
    // QuickTime's later versions have more fields before the boxes.
    let fields = match be::u16(entry, 8) {
        0 => 28,
        1 => 44,
        _ => 64,
    };
    let inside = entry.get(fields..).ok_or(DAMAGED)?;
    // QuickTime puts the boxes into one more.
    let inside = boxes::at(inside, &[b"wave"]).unwrap_or(inside);
    let track = match &kind {
        b"mp4a" => aac(boxes::at(inside, &[b"esds"]).ok_or(DAMAGED)?)?,
        b"alac" => alac(boxes::at(inside, &[b"alac"]).ok_or(DAMAGED)?)?,
        b"enca" => return Err(Error::Unsupported("encrypted sound")),
        b"Opus" | b"fLaC" | b".mp3" | b"ac-3" | b"ec-3" => {
            return Err(Error::Unsupported("sound in MP4 that is neither AAC nor ALAC"));
        }
        _ => return Err(Error::Unsupported("a kind of sound that is not known")),
    };
    if track.is_sane() { Ok(track) } else { Err(DAMAGED) }
}

fn alac(cookie: &[u8]) -> Result<Track, Error> {
    let cookie = cookie.get(4..28).ok_or(DAMAGED)?;
    let mut track = Track::new(CodecKind::Alac, be::u32(cookie, 20), u16::from(cookie[9]));
    track.extra = cookie.to_vec();
    Ok(track)
}

/// The elementary stream's descriptors hold, two deep, the configuration of AAC.
fn aac(esds: &[u8]) -> Result<Track, Error> {
    let stream = descriptor(esds.get(4..).ok_or(DAMAGED)?, 3).ok_or(DAMAGED)?;
    let flags = *stream.get(2).ok_or(DAMAGED)?;
    let mut at = 3;
    if flags & 0x80 != 0 {
        at += 2;
    }
    if flags & 0x40 != 0 {
        at += 1 + usize::from(*stream.get(at).ok_or(DAMAGED)?);
    }
    if flags & 0x20 != 0 {
        at += 2;
    }
    let decoder = descriptor(stream.get(at..).ok_or(DAMAGED)?, 4).ok_or(DAMAGED)?;
    if !matches!(decoder.first(), Some(0x40 | 0x66..=0x68)) {
        return Err(Error::Unsupported("sound in MP4 that is neither AAC nor ALAC"));
    }
    let config = descriptor(decoder.get(13..).ok_or(DAMAGED)?, 5).ok_or(DAMAGED)?;
    let [a, b] = *config.first_chunk().ok_or(DAMAGED)?;
    let (kind, rate, channels) = (a >> 3, (a & 7) << 1 | b >> 7, b >> 3 & 15);
    let rate = SAMPLE_RATES.get(usize::from(rate)).copied();
    match (kind, rate, channels) {
        (2, Some(rate), 1..=2) => {
            let mut track = Track::new(CodecKind::Aac, rate, u16::from(channels));
            track.extra = config.to_vec();
            Ok(track)
        }
        _ => Err(Error::Unsupported("a kind of AAC other than low complexity in one or two channels")),
    }
}

/// The content of the first descriptor with `tag`.
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut rest = bytes;
    while let Some((found, after)) = rest.split_first() {
        let mut len = 0;
        let mut used = 0;
        for byte in after.iter().take(4) {
            len = len << 7 | usize::from(byte & 0x7f);
            used += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let content = after.get(used..)?;
        if *found == tag {
            return Some(content.get(..len).unwrap_or(content));
        }
        rest = content.get(len..)?;
    }
    None
}
