//! Files of sound, which a player reads from anywhere.

use delistening_player::{Decoder, Error, Meter, Progress};

/// So much is read over and over of a file at most, that damage can have a decoder search in.
const MOST_READ: u64 = 1 << 20;
/// Frames after which an input has said what it has to say.
const ENOUGH: u64 = 1 << 17;

/// The first byte says how a host goes about the rest: in what pieces, where it seeks, whether it knows the length.
pub fn audio(bytes: &[u8]) {
    let Some((&form, file)) = bytes.split_first() else { return };
    let mut host =
        Host { decoder: Decoder::new(), file, piece: 64 + 16 * usize::from(form), read: 0, meter: None };
    if form & 1 == 0 {
        host.decoder.set_length(file.len() as u64);
    }
    if host.hear(ENOUGH).is_ok() {
        for seek in [u64::from(form) * 97, 0, u64::MAX] {
            host.decoder.seek(seek);
            if host.hear(3_000).is_err() {
                break;
            }
        }
    }
    if let Some(meter) = host.meter {
        assert!(meter.peaks().len() <= 2_048);
        assert!(meter.integrated_lufs().is_finite() && !meter.true_peak_dbtp().is_nan());
    }
}

struct Host<'a> {
    decoder: Decoder,
    file: &'a [u8],
    piece: usize,
    read: u64,
    meter: Option<Meter>,
}

impl Host<'_> {
    /// Up to the end, or so many frames.
    fn hear(&mut self, most: u64) -> Result<(), Error> {
        let mut heard = 0;
        while heard < most {
            match self.decoder.advance()? {
                Progress::Read { at, len } => self.answer(at, len),
                Progress::Opened => {}
                Progress::Audio { frames, .. } => {
                    assert!(frames > 0, "sound without a frame");
                    heard += frames as u64;
                    self.measure(frames);
                }
                Progress::End => break,
            }
        }
        Ok(())
    }

    fn answer(&mut self, at: u64, len: usize) {
        assert!(len > 0, "nothing is asked for");
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(self.file.len());
        let to = from.saturating_add(self.piece.max(len)).min(self.file.len());
        self.decoder.feed(at, &self.file[from..to]);
        self.read += (to - from) as u64;
        assert!(self.read <= 200 * self.file.len() as u64 + MOST_READ, "it is read over and over");
    }

    fn measure(&mut self, frames: usize) {
        let Some(track) = self.decoder.track() else { return };
        let (rate, channels) = (track.sample_rate, track.channels);
        let meter = self.meter.get_or_insert_with(|| Meter::new(rate, channels));
        let planes: Vec<&[f32]> =
            (0..channels).map(|channel| self.decoder.channel(usize::from(channel))).collect();
        assert!(planes.iter().all(|plane| plane.len() == frames), "channels of one length");
        meter.add(&planes);
    }
}
