//! Where the samples (the packets) of a track lie, how long they are and when they sound.

use super::super::be;
use super::boxes;
use crate::error::Error;

/// As many packets as a year of sound has.
const MOST: usize = 1 << 24;

/// Samples of one piece of a chunk.
const PIECE: u32 = 64;

/// The tables of a track.
#[derive(Debug, Default)]
pub(super) struct Samples {
    sizes: Sizes,
    /// For each piece of a chunk: its first sample and where it lies.
    chunks: Vec<(u32, u64)>,
    /// For each run of samples of equal duration: its first sample, when that sounds, and the duration.
    times: Vec<(u32, u64, u32)>,
}

#[derive(Debug)]
enum Sizes {
    Equal { size: u32, count: u32 },
    Each(Vec<u32>),
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes::Equal { size: 0, count: 0 }
    }
}

/// A sample's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub at: u64,
    pub size: u32,
    pub time: u64,
    pub duration: u32,
}

impl Samples {
    /// Reads the tables out of a sample table box.
    pub fn read(stbl: &[u8]) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Damaged("its table of samples");
        let table = |kind: &[u8; 4]| boxes::at(stbl, &[kind]);
        let sizes = table(b"stsz").ok_or(DAMAGED)?;
        let (size, count) = (be::u32(sizes, 4), be::u32(sizes, 8));
        let sizes = if size > 0 {
            Sizes::Equal { size, count }
        } else {
            let each = sizes.get(12..).unwrap_or_default().chunks_exact(4).take(count as usize);
            Sizes::Each(each.map(|bytes| be::u32(bytes, 0)).collect())
        };
        let mut samples = Samples { sizes, ..Samples::default() };
        if samples.len() > MOST as u32 {
            return Err(DAMAGED);
        }
        samples.chunks = match (table(b"stco"), table(b"co64")) {
            (Some(offsets), _) => {
                let offsets = offsets.get(8..).unwrap_or_default().chunks_exact(4);
                samples
                    .chunks(table(b"stsc").ok_or(DAMAGED)?, offsets.map(|bytes| u64::from(be::u32(bytes, 0))))
            }
            (None, Some(offsets)) => {
                let offsets = offsets.get(8..).unwrap_or_default().chunks_exact(8);
                samples.chunks(table(b"stsc").ok_or(DAMAGED)?, offsets.map(|bytes| be::u64(bytes, 0)))
            }
            (None, None) => return Err(DAMAGED),
        };
        let mut first = 0_u32;
        let mut time = 0_u64;
        for run in table(b"stts").ok_or(DAMAGED)?.get(8..).unwrap_or_default().chunks_exact(8) {
            let (count, duration) = (be::u32(run, 0), be::u32(run, 4));
            samples.times.push((first, time, duration));
            first = first.saturating_add(count);
            time = time.saturating_add(u64::from(count) * u64::from(duration));
            if first >= samples.len() {
                break;
            }
        }
        if samples.times.is_empty() || samples.chunks.is_empty() {
            return Err(DAMAGED);
        }
        Ok(samples)
    }

    /// `table` tells, for runs of chunks, how many samples each holds.
    fn chunks(&self, table: &[u8], offsets: impl Iterator<Item = u64>) -> Vec<(u32, u64)> {
        let mut runs = table.get(8..).unwrap_or_default().chunks_exact(12).peekable();
        let mut in_each = 0;
        let mut first = 0_u32;
        let mut chunks = Vec::new();
        for (number, offset) in (1_u32..).zip(offsets) {
            while let Some(run) = runs.next_if(|run| be::u32(run, 0) <= number) {
                in_each = be::u32(run, 4);
            }
            if first >= self.len() {
                break;
            }
            // In pieces, so that finding a sample adds up few sizes even where all lie in one chunk.
            let mut at = offset;
            let end = first.saturating_add(in_each).min(self.len());
            for piece in (first..end).step_by(PIECE as usize) {
                chunks.push((piece, at));
                let sizes =
                    (piece..end.min(piece.saturating_add(PIECE))).map(|sample| u64::from(self.size(sample)));
                at = at.saturating_add(sizes.sum());
            }
            first = end;
        }
        chunks
    }

    pub fn len(&self) -> u32 {
        match &self.sizes {
            Sizes::Equal { count, .. } => *count,
            Sizes::Each(sizes) => u32::try_from(sizes.len()).unwrap_or(u32::MAX),
        }
    }

    fn size(&self, sample: u32) -> u32 {
        match &self.sizes {
            Sizes::Equal { size, .. } => *size,
            Sizes::Each(sizes) => sizes.get(sample as usize).copied().unwrap_or(0),
        }
    }

    /// The place of a sample; none beyond the last.
    pub fn get(&self, sample: u32) -> Option<Sample> {
        if sample >= self.len() {
            return None;
        }
        let (first, offset) =
            *self.chunks.get(self.chunks.partition_point(|(first, _)| *first <= sample) - 1)?;
        let before = match &self.sizes {
            Sizes::Equal { size, .. } => u64::from(*size) * u64::from(sample - first),
            Sizes::Each(sizes) => {
                sizes.get(first as usize..sample as usize)?.iter().map(|size| u64::from(*size)).sum()
            }
        };
        let (from, time, duration) =
            *self.times.get(self.times.partition_point(|(first, ..)| *first <= sample) - 1)?;
        Some(Sample {
            at: offset.saturating_add(before),
            size: self.size(sample),
            time: time.saturating_add(u64::from(sample - from) * u64::from(duration)),
            duration,
        })
    }

    /// The sample that sounds at `time`.
    pub fn at_time(&self, time: u64) -> u32 {
        let run = self.times.partition_point(|(_, begin, _)| *begin <= time).saturating_sub(1);
        let Some((first, begin, duration)) = self.times.get(run) else { return 0 };
        let into = (time - begin) / u64::from(*duration).max(1);
        first.saturating_add(u32::try_from(into).unwrap_or(u32::MAX)).min(self.len().saturating_sub(1))
    }

    /// When the last sample has sounded.
    pub fn end(&self) -> u64 {
        let last = self.len().checked_sub(1).and_then(|last| self.get(last));
        last.map_or(0, |last| last.time.saturating_add(u64::from(last.duration)))
    }
}
