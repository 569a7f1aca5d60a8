//! ID3v2 tags: skipped, and read for what they say of loudness.

use super::be;
use crate::gain::Gain;
use crate::window::{Halt, Step, Window};

const HEADER: usize = 10;
/// More tags than this in a row are no file that anyone made.
const MOST_TAGS: u32 = 16;

/// The tags at the begin of a file.
#[derive(Default)]
pub(crate) struct Tags {
    /// Where those that were passed end.
    pub end: u64,
    pub gain: Gain,
    count: u32,
}

impl Tags {
    /// Goes past all of them.
    pub fn pass(&mut self, window: &Window) -> Step<()> {
        while self.count < MOST_TAGS {
            let Some(size) = size(window, self.end)? else { break };
            read_gain(window.here(self.end), &mut self.gain);
            self.end += size;
            self.count += 1;
        }
        Ok(())
    }
}

/// The whole size of the tag at `at`, if there is one.
fn size(window: &Window, at: u64) -> Step<Option<u64>> {
    let head = match window.get(at, HEADER) {
        Err(Halt::End) => return Ok(None),
        head => head?,
    };
    if !head.starts_with(b"ID3") || head[3] == 0xff || head[6..].iter().any(|byte| byte & 0x80 != 0) {
        return Ok(None);
    }
    let footer = if head[5] & 0x10 == 0 { 0 } else { HEADER as u64 };
    Ok(Some(HEADER as u64 + u64::from(synchsafe(&head[6..])) + footer))
}

fn synchsafe(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 7 | u32::from(byte & 0x7f))
}

/// What a tag says of loudness, as far as it is here: nothing is fetched for it.
fn read_gain(tag: &[u8], gain: &mut Gain) {
    let Some(version @ (3 | 4)) = tag.get(3).copied() else { return };
    let mut rest = tag.get(HEADER..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(HEADER) {
        let size = if version == 4 { synchsafe(&head[4..]) } else { be::u32(head, 4) };
        let Some((body, next)) = after.split_at_checked(size as usize) else { break };
        if &head[..4] == b"TXXX" {
            user_text(body, gain);
        } else if head[0] == 0 {
            break;
        }
        rest = next;
    }
}

/// A description and a value, after a byte that says how they are coded.
fn user_text(body: &[u8], gain: &mut Gain) {
    let Some((&coding, text)) = body.split_first() else { return };
    let text: String = match coding {
        0 | 3 => String::from_utf8_lossy(text).into_owned(),
        // UTF-16: these names and numbers are ASCII.
        _ => {
            let units = text.chunks_exact(2).filter(|pair| !matches!(pair, [0xfe, 0xff] | [0xff, 0xfe]));
            units.map(|pair| char::from(pair[0] | pair[1])).collect()
        }
    };
    if let Some((name, value)) = text.split_once('\0') {
        gain.tag(name, value.trim_matches('\0'));
    }
}

#[cfg(test)]
mod tests {
    use super::Tags;
    use crate::window::Window;

    fn tag(body: &[u8]) -> Vec<u8> {
        let size = u8::try_from(body.len()).unwrap();
        [b"ID3\x03\0\0\0\0", &[size >> 7, size & 0x7f][..], body].concat()
    }

    #[test]
    fn skips_tags_and_reads_their_loudness() {
        let text = b"TXXX\0\0\0\x1f\0\0\0replaygain_track_gain\0-6.5 dB\0";
        let mut window = Window::default();
        window.feed(0, &[tag(text), tag(b""), vec![0xff; 20]].concat());
        let mut tags = Tags::default();
        assert_eq!(tags.pass(&window), Ok(()));
        assert_eq!(tags.end, 10 + text.len() as u64 + 10);
        assert_eq!(tags.gain.track_db, Some(-6.5));
    }

    #[test]
    fn what_only_looks_like_a_tag_is_none() {
        let mut window = Window::default();
        window.feed(0, b"ID3\x03\0\0\xff\0\0\0 and so on");
        let mut tags = Tags::default();
        assert_eq!(tags.pass(&window), Ok(()));
        assert_eq!(tags.end, 0);
    }
}
