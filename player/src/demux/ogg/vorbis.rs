//! How long a Vorbis packet is: its block size, which its mode says, together with that of the one before.

use super::Timing;
use crate::error::Error;
use crate::track::{CodecKind, Track};

pub(super) struct Vorbis {
    /// Samples of a short and of a long block.
    blocks: [u32; 2],
    /// Whether each mode is of long blocks.
    modes: Vec<bool>,
    /// The block size of the packet before.
    before: Option<u32>,
}

pub(super) fn track(ident: &[u8]) -> Result<Track, Error> {
    const DAMAGED: Error = Error::Damaged("its Vorbis headers");
    let rate = ident.get(12..16).and_then(|bytes| bytes.first_chunk()).ok_or(DAMAGED)?;
    let channels = *ident.get(11).ok_or(DAMAGED)?;
    let mut track = Track::new(CodecKind::Vorbis, u32::from_le_bytes(*rate), u16::from(channels));
    track.extra = ident.to_vec();
    if track.is_sane() { Ok(track) } else { Err(DAMAGED) }
}

/// Reads from the headers what the lengths of packets take.
pub(super) fn timing(ident: &[u8], setup: &[u8]) -> Result<Vorbis, Error> {
    const DAMAGED: Error = Error::Damaged("its Vorbis headers");
    let sizes = *ident.get(28).ok_or(DAMAGED)?;
    let (short, long) = (sizes & 15, sizes >> 4);
    if !(6..=13).contains(&short) || !(short..=13).contains(&long) {
        return Err(DAMAGED);
    }
    let modes = modes(setup).ok_or(DAMAGED)?;
    Ok(Vorbis { blocks: [1 << short, 1 << long], modes, before: None })
}

/// The modes stand at the end of the setup header, after tables whose lengths only reading them tells; so they are read
/// from the end: each is a flag, two 16-bit zeros and a mapping of 8 bits, and before them stands how many they are.
fn modes(setup: &[u8]) -> Option<Vec<bool>> {
    let bit = |at: usize| setup.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
    let number = |at: usize, bits: usize| (0..bits).fold(0_u64, |sum, i| sum | u64::from(bit(at + i)) << i);
    // The framing bit is the last that is set.
    let framing = (0..setup.len().saturating_mul(8)).rev().find(|at| bit(*at))?;
    let mut at = framing;
    let mut modes = Vec::new();
    let mut found = None;
    while modes.len() < 64 && at >= 41 + 6 {
        at -= 41;
        if number(at + 1, 32) != 0 {
            break;
        }
        modes.push(bit(at));
        // What is taken for the count may be a part of one more mode: the longest that fits is right.
        if number(at - 6, 6) as usize + 1 == modes.len() {
            found = Some(modes.len());
        }
    }
    modes.truncate(found?);
    modes.reverse();
    Some(modes)
}

impl Timing for Vorbis {
    fn frames(&mut self, packet: &[u8]) -> Option<u64> {
        let bits = usize::BITS - (self.modes.len() - 1).leading_zeros();
        let first = *packet.first()?;
        // A header, or nothing.
        if first & 1 != 0 {
            return None;
        }
        let mode = first >> 1 & ((1_u16 << bits) - 1) as u8;
        let block = self.blocks[usize::from(*self.modes.get(usize::from(mode))?)];
        let before = self.before.replace(block);
        Some(before.map_or(0, |before| u64::from((before + block) / 4)))
    }

    fn reset(&mut self) {
        self.before = None;
    }

    fn preroll(&self) -> u64 {
        0
    }
}
