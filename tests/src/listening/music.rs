//! What there is to listen to.

use super::rng::Rng;

/// One second in milliseconds.
pub const SECOND: u64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE: u64 = 60 * SECOND;
/// One hour in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// One day in milliseconds.
pub const DAY: u64 = 24 * HOUR;

/// Artists that people choose from.
const ARTISTS: u64 = 3_000;
/// Tracks of each.
const TRACKS: u64 = 24;

/// A track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its identifier.
    pub id: String,
    /// Its artist's.
    pub artist: String,
    /// Its length in milliseconds.
    pub length: u64,
}

/// Track `number` of artist `artist`; its length depends on both alone.
pub fn track(artist: u64, number: u64) -> Track {
    let mut rng = Rng::new(artist << 32 | number);
    Track {
        id: format!("track-{artist}-{number}"),
        artist: format!("artist-{artist}"),
        length: 110 * SECOND + rng.waiting(70 * SECOND).min(400 * SECOND) + rng.between(0, 40 * SECOND),
    }
}

/// A track that somebody chooses.
pub fn any(rng: &mut Rng) -> Track {
    track(rng.popular(ARTISTS), rng.popular(TRACKS))
}

/// An album: ten tracks or so of one artist, in order.
pub fn album(rng: &mut Rng) -> Vec<Track> {
    let (artist, first) = (rng.popular(ARTISTS), rng.between(0, 1) * 12);
    (first..first + rng.between(8, 12)).map(|number| track(artist, number)).collect()
}

/// A song for children: short.
pub fn nursery(rng: &mut Rng) -> Track {
    let number = rng.between(0, 25);
    Track {
        id: format!("nursery-{number}"),
        artist: format!("nursery-{}", number % 3),
        length: 50 * SECOND + number * 4 * SECOND,
    }
}

/// Something to sleep to, of three minutes or an hour.
pub fn rain(rng: &mut Rng) -> Track {
    let long = rng.chance(0.4);
    Track {
        id: if long { "rain-long" } else { "rain" }.into(),
        artist: "weather".into(),
        length: if long { HOUR } else { 3 * MINUTE },
    }
}

/// Track `number` of an artist that somebody wants to be paid for.
pub fn bought(campaign: u64, number: u64) -> Track {
    Track {
        id: format!("bought-{campaign}-{number}"),
        artist: format!("bought-{campaign}"),
        length: track(campaign, number).length,
    }
}
