//! A fragment as the file of judged sessions keeps it: a sixth of its size as JSON, and read without looking for names.
//!
//! Numbers take seven bits a byte, texts stand behind their length, and of an event that stands which is not as in the
//! one before. The file is derived, so a form that was left is not read any more: another form is another text of the
//! file's schema.

use delistening_schema::event::{
    Activity, At, EndReason, Ended, Engagement, Failed, Grid, Location, Motion, Progress, Seeked, Stalled,
    Started,
};
use delistening_schema::intervals::{Interval, Intervals};
use delistening_schema::play::{Fragment, Link};
use delistening_schema::{Body, Event, Hash, IntakeContext};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The bytes of a fragment, without its session, place in the log and listener, which stand beside them.
pub fn pack(fragment: &Fragment) -> Vec<u8> {
    let Fragment { received, anchored, link, context, events, .. } = fragment;
    let mut out = Vec::with_capacity(192 + events.len() * 48);
    received.pack(&mut out);
    anchored.pack(&mut out);
    link.pack(&mut out);
    context.pack(&mut out);
    events.len().pack(&mut out);
    let (mut at, mut mono, mut track) = (*received, 0, "");
    for event in events {
        event.id.pack(&mut out);
        difference(at, event.at).pack(&mut out);
        difference(mono, event.mono).pack(&mut out);
        (event.track != track).then(|| event.track.clone()).pack(&mut out);
        event.body.pack(&mut out);
        (at, mono, track) = (event.at, event.mono, &event.track);
    }
    out
}

/// The fragment of these bytes; `None` if they are not those of one.
pub fn unpack(session: Uuid, leaf: u64, listener: String, mut bytes: &[u8]) -> Option<Fragment> {
    let from = &mut bytes;
    let received = u64::unpack(from)?;
    let (anchored, link, context) = (Packed::unpack(from)?, Packed::unpack(from)?, Packed::unpack(from)?);
    let mut events: Vec<Event> = Vec::new();
    let (mut at, mut mono) = (received, 0);
    for _ in 0..usize::unpack(from)? {
        let id = Packed::unpack(from)?;
        (at, mono) = (moved(at, u64::unpack(from)?), moved(mono, u64::unpack(from)?));
        let track = Option::unpack(from)?;
        let track =
            track.unwrap_or_else(|| events.last().map(|event| event.track.clone()).unwrap_or_default());
        events.push(Event { id, at, mono, session, track, body: Packed::unpack(from)? });
    }
    from.is_empty().then_some(Fragment { leaf, received, anchored, listener, link, context, events })
}

/// The way from one number to another, either way short where they are near.
fn difference(from: u64, to: u64) -> u64 {
    let way = to.wrapping_sub(from).cast_signed();
    (way << 1 ^ way >> 63).cast_unsigned()
}

/// Where that way leads.
fn moved(from: u64, difference: u64) -> u64 {
    from.wrapping_add(difference >> 1 ^ (difference & 1).wrapping_neg())
}

/// What can be packed.
trait Packed: Sized {
    fn pack(&self, out: &mut Vec<u8>);
    /// Takes it from the begin of `from`.
    fn unpack(from: &mut &[u8]) -> Option<Self>;
}

impl Packed for u64 {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            out.push(left.to_le_bytes()[0] | 0x80);
            left >>= 7;
        }
        out.push(left.to_le_bytes()[0]);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let mut number = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let byte = *from.split_off_first()?;
            number |= Self::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// What is packed as another value.
macro_rules! as_other {
    ($($type:ty, $value:ident => $packed:expr, $other:ident: $as:ty => $read:expr;)*) => {
        $(impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                let $value = self;
                $packed.pack(out);
            }
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                let $other = <$as>::unpack(from)?;
                $read
            }
        })*
    };
}

as_other! {
    u32, number => u64::from(*number), other: u64 => other.try_into().ok();
    usize, number => *number as u64, other: u64 => other.try_into().ok();
    bool, yes => u64::from(*yes), other: u64 => Some(other != 0);
    // Most have few digits, and those come first.
    f64, number => number.to_bits().swap_bytes(), other: u64 => Some(Self::from_bits(other.swap_bytes()));
    Intervals, set => set.as_slice().to_vec(), other: Vec<Interval> => Some(other.into());
}

impl Packed for String {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let length = usize::unpack(from)?;
        let bytes = from.split_off(..length)?;
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::unpack(from)? { Some(T::unpack(from)?) } else { None })
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        for item in self {
            item.pack(out);
        }
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        (0..usize::unpack(from)?).map(|_| T::unpack(from)).collect()
    }
}

impl Packed for BTreeMap<String, String> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        for (name, value) in self {
            name.pack(out);
            value.pack(out);
        }
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        (0..usize::unpack(from)?).map(|_| Some((Packed::unpack(from)?, Packed::unpack(from)?))).collect()
    }
}

impl Packed for Uuid {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_bytes(*bytes))
    }
}

impl Packed for Hash {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self(*bytes))
    }
}

/// What is packed member by member.
macro_rules! members {
    ($($type:ident { $($member:ident),* })*) => {
        $(impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                let Self { $($member),* } = self;
                $($member.pack(out);)*
            }
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($member: Packed::unpack(from)?),* })
            }
        })*
    };
}

impl Packed for Interval {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        difference(self.0, self.1).pack(out);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let start = u64::unpack(from)?;
        Some(Self(start, moved(start, u64::unpack(from)?)))
    }
}

members! {
    Link { seq, hash, prev, first_at, sent_at, needed_ms }
    IntakeContext { issuer, client, platform, country, asn, network, labels }
    Started { artist, release, duration_ms, source, offline, engine, autoplay }
    Progress { heard, silent_ms, rate, volume, muted, visible, output }
    At { position_ms }
    Seeked { from_ms, to_ms }
    Stalled { position_ms, stalled_ms }
    Failed { position_ms, code }
    Ended { reason, position_ms, heard, played_ms, pauses, seeks, stalls }
    Motion { activity, confidence }
    Location { grid, cell }
    Engagement { target }
}

/// What is packed as a number, with its members behind it.
macro_rules! kinds {
    ($($type:ident { $($number:literal = $kind:ident $(($members:ident))?),* })*) => {
        $(impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$kind $(($members))? => {
                        out.push($number);
                        $($members.pack(out);)?
                    })*
                }
            }
            fn unpack(from: &mut &[u8]) -> Option<Self> {
                Some(match from.split_off_first()? {
                    $($number => Self::$kind $(({
                        let $members = Packed::unpack(from)?;
                        $members
                    }))?,)*
                    _ => return None,
                })
            }
        })*
    };
}

kinds! {
    Body {
        0 = Started(members), 1 = Progress(members), 2 = Paused(members), 3 = Resumed(members), 4 = Seeked(members),
        5 = Stalled(members), 6 = Failed(members), 7 = Ended(members), 8 = Motion(members), 9 = Location(members),
        10 = Like(members), 11 = Share(members), 12 = PlaylistAdd(members), 13 = Follow(members)
    }
    EndReason { 0 = Completed, 1 = Skipped, 2 = Stopped, 3 = Replaced, 4 = Unloaded, 5 = Crashed }
    Activity { 0 = Still, 1 = Walking, 2 = Running, 3 = Vehicle }
    Grid { 0 = H3, 1 = Geohash }
}

#[cfg(test)]
mod tests {
    use super::*;
    use delistening_schema::strategies::event;
    use proptest::prelude::*;

    fn fragment() -> impl Strategy<Value = Fragment> {
        // Tracks that often are the one before.
        let event = (event(), "[a-c]");
        let event = event.prop_map(|(event, track)| Event { session: Uuid::from_u128(7), track, ..event });
        let text = || proptest::option::of("[a-z]{0,4}");
        let context = (["[a-z]{0,9}", "[a-z]{0,9}"], [text(), text(), text()], any::<Option<u32>>())
            .prop_map(|([issuer, client], [platform, country, network], asn)| {
                let labels = network.iter().map(|name| (name.clone(), issuer.clone())).collect();
                IntakeContext { issuer, client, platform, country, asn, network, labels }
            });
        let link = (any::<[u64; 4]>(), any::<[u8; 32]>(), any::<Option<[u8; 32]>>()).prop_map(
            |([seq, first_at, sent_at, needed_ms], hash, prev)| Link {
                seq,
                hash: Hash(hash),
                prev: prev.map(Hash),
                first_at,
                sent_at,
                needed_ms,
            },
        );
        let events = proptest::collection::vec(event, 0..9);
        (any::<[u64; 2]>(), any::<Option<u64>>(), "[a-z]{1,9}", link, context, events).prop_map(
            |([leaf, received], anchored, listener, link, context, events)| Fragment {
                leaf,
                received,
                anchored,
                listener,
                link,
                context,
                events,
            },
        )
    }

    proptest! {
        #[test]
        fn a_fragment_is_read_as_it_was_packed(fragment in fragment()) {
            let bytes = pack(&fragment);
            let read = |bytes| unpack(Uuid::from_u128(7), fragment.leaf, fragment.listener.clone(), bytes);
            let text = |fragment: &Fragment| serde_json::to_string(fragment).unwrap();
            prop_assert_eq!(read(&bytes).as_ref().map(text), Some(text(&fragment)));
            for end in 0..bytes.len() {
                prop_assert!(read(&bytes[..end]).is_none(), "cut at {}", end);
            }
        }
    }
}
