//! The loudness that a file's tags speak of: ReplayGain, and the R128 tags of Opus.

/// How much louder or quieter a file should be played, as its tags say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gain {
    /// Decibels that bring this track to ReplayGain's reference loudness (-18 LUFS).
    pub track_db: Option<f32>,
    /// Decibels that bring its album there.
    pub album_db: Option<f32>,
    /// The track's highest sample; 1 is full scale.
    pub track_peak: Option<f32>,
    /// The album's highest sample.
    pub album_peak: Option<f32>,
}

/// R128 tags refer to -23 LUFS, ReplayGain to -18 LUFS.
const R128_TO_REPLAY_GAIN: f32 = 5.0;

impl Gain {
    /// Takes in a tag; what is no tag of loudness, or says nothing sensible, changes nothing.
    pub(crate) fn tag(&mut self, name: &str, value: &str) {
        let number = value.split_ascii_whitespace().next().and_then(decimal);
        let decibels = number.filter(|decibels| decibels.abs() <= 60.0);
        let peak = number.filter(|peak| (0.0..=64.0).contains(peak));
        let r128 =
            number.map(|q7_8| q7_8 / 256.0 + R128_TO_REPLAY_GAIN).filter(|decibels| decibels.abs() <= 60.0);
        let (field, value) = match name.to_ascii_uppercase().as_str() {
            "REPLAYGAIN_TRACK_GAIN" => (&mut self.track_db, decibels),
            "REPLAYGAIN_ALBUM_GAIN" => (&mut self.album_db, decibels),
            "REPLAYGAIN_TRACK_PEAK" => (&mut self.track_peak, peak),
            "REPLAYGAIN_ALBUM_PEAK" => (&mut self.album_peak, peak),
            "R128_TRACK_GAIN" => (&mut self.track_db, r128),
            "R128_ALBUM_GAIN" => (&mut self.album_db, r128),
            _ => return,
        };
        *field = value.or(*field);
    }

    /// Takes in a block of Vorbis comments, as FLAC, Vorbis and Opus have them; it may be cut short.
    #[cfg(any(feature = "flac", feature = "vorbis", feature = "opus", test))]
    pub(crate) fn vorbis_comments(&mut self, block: &[u8]) {
        fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
            let (len, after) = rest.split_first_chunk()?;
            let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
            let (text, after) = after.split_at_checked(len)?;
            *rest = after;
            Some(text)
        }
        let mut rest = block;
        let Some(_vendor) = text(&mut rest) else { return };
        let Some((count, after)) = rest.split_first_chunk() else { return };
        rest = after;
        for _ in 0..u32::from_le_bytes(*count) {
            let Some(comment) = text(&mut rest) else { return };
            if let Some((name, value)) =
                std::str::from_utf8(comment).ok().and_then(|text| text.split_once('='))
            {
                self.tag(name, value);
            }
        }
    }
}

/// A plain decimal number. The standard library's parser is exact to the last bit for any number there is, and its
/// tables would be a tenth of a module.
fn decimal(text: &str) -> Option<f32> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (-1.0, rest),
        [b'+', rest @ ..] => (1.0, rest),
        all => (1.0, all),
    };
    let mut number = 0.0_f64;
    let mut scale = None;
    for byte in digits {
        match (byte, &mut scale) {
            (b'0'..=b'9', scale) => {
                number = number * 10.0 + f64::from(byte - b'0');
                if let Some(scale) = scale {
                    *scale *= 10.0;
                }
            }
            (b'.', none @ None) => *none = Some(1.0),
            _ => return None,
        }
    }
    let has_digits = digits.iter().any(u8::is_ascii_digit);
    has_digits.then(|| (sign * number / scale.unwrap_or(1.0)) as f32)
}

#[cfg(test)]
mod tests {
    use super::{Gain, decimal};

    #[test]
    fn plain_decimals_are_numbers_and_nothing_else_is() {
        assert_eq!(decimal("-7.03"), Some(-7.03));
        assert_eq!(decimal("+0.988547"), Some(0.988_547));
        assert_eq!(decimal(".5"), Some(0.5));
        for text in ["", "-", ".", "1.2.3", "1e9", "loud", "--1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn reads_both_kinds_of_tags_and_no_nonsense() {
        let mut gain = Gain::default();
        gain.tag("replaygain_track_gain", "-7.03 dB");
        gain.tag("REPLAYGAIN_TRACK_PEAK", "0.988");
        gain.tag("R128_ALBUM_GAIN", "-512");
        gain.tag("REPLAYGAIN_ALBUM_PEAK", "loud");
        gain.tag("REPLAYGAIN_TRACK_GAIN", "1e9");
        assert_eq!(gain.track_db, Some(-7.03));
        assert_eq!(gain.track_peak, Some(0.988));
        assert_eq!(gain.album_db, Some(3.0));
        assert_eq!(gain.album_peak, None);
    }

    #[test]
    fn comments_that_are_cut_short_give_what_was_whole() {
        let mut block = Vec::new();
        for text in ["vendor", "", "REPLAYGAIN_TRACK_GAIN=-3 dB", "REPLAYGAIN_ALBUM_GAIN=-4 dB"] {
            if text.is_empty() {
                block.extend(2_u32.to_le_bytes());
            } else {
                block.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                block.extend(text.as_bytes());
            }
        }
        let mut gain = Gain::default();
        gain.vorbis_comments(&block[..block.len() - 1]);
        assert_eq!((gain.track_db, gain.album_db), (Some(-3.0), None));
        gain.vorbis_comments(&block);
        assert_eq!(gain.album_db, Some(-4.0));
    }
}
