//! Honest listening, varied as people are.

use super::music::{DAY, HOUR, MINUTE, SECOND, Track, album, any, nursery, rain};
use super::parcel::{Parcel, Tie};
use super::play::Play;
use super::rng::Rng;
use super::{Habit, Kind, Scene};

/// Somebody at a device.
struct Sitting<'a> {
    habit: Habit,
    device: u64,
    listener: &'a str,
    network: &'a str,
    client: &'static str,
    /// Whether the player is mostly out of sight.
    background: bool,
    /// By how much the device's clock is ahead.
    clock: i64,
}

impl Sitting<'_> {
    /// Listens to `tracks` from `at` on until `until`, one after the other; sends as it goes. Gives when it ended.
    fn listen(
        &self,
        tracks: impl IntoIterator<Item = Track>,
        at: u64,
        until: u64,
        rng: &mut Rng,
        scene: &mut Scene,
    ) -> u64 {
        let plays = self.plays(tracks, at, until, rng);
        let end = plays.last().map_or(at, Play::end);
        self.send(plays, rng, scene);
        end
    }

    fn plays(
        &self,
        tracks: impl IntoIterator<Item = Track>,
        mut at: u64,
        until: u64,
        rng: &mut Rng,
    ) -> Vec<Play> {
        let mut plays = Vec::new();
        for track in tracks {
            if at >= until {
                break;
            }
            let mut play = Play::whole(track, at);
            let length = play.track.length;
            // Most are heard to the end; the rest is skipped at any time, most of it early.
            if rng.chance(0.18) {
                play.heard = (2 * SECOND + rng.waiting(50 * SECOND)).min(length);
            }
            if rng.chance(0.05) && play.heard > 20 * SECOND {
                play.pause = Some((rng.between(5 * SECOND, play.heard - SECOND), rng.waiting(4 * MINUTE)));
            }
            if rng.chance(0.04) && play.heard > 60 * SECOND {
                play.seek = Some(rng.between(10 * SECOND, play.heard - 30 * SECOND));
            }
            let first = plays.is_empty();
            play.autoplay = !first && !rng.chance(0.15);
            play.visible = first || !self.background || rng.chance(0.1);
            play.source = *rng.pick(&["album", "playlist", "search", "radio"]);
            play.clock = self.clock;
            at = play.end() + if rng.chance(0.1) { rng.waiting(20 * SECOND) } else { rng.between(0, 900) };
            plays.push(play);
        }
        plays
    }

    /// Sends plays a few at a time, soon after the last of them.
    fn send(&self, plays: Vec<Play>, rng: &mut Rng, scene: &mut Scene) {
        let mut rest = plays.into_iter().peekable();
        while rest.peek().is_some() {
            let some = usize::try_from(rng.between(1, 4)).expect("small");
            let plays: Vec<Play> = rest.by_ref().take(some).collect();
            let received = plays.iter().map(Play::end).max().unwrap_or(0) + rng.between(1, 20) * SECOND;
            self.parcel(plays, received, Tie::Next, scene);
        }
    }

    fn parcel(&self, plays: Vec<Play>, received: u64, tie: Tie, scene: &mut Scene) {
        scene.parcels.push(Parcel {
            device: self.device,
            listener: self.listener.to_owned(),
            received,
            anchored: None,
            unanchored: false,
            context: Scene::context(self.client, self.network, received),
            clock: self.clock,
            tie,
            plays: plays.into_iter().map(|play| (play, Kind::Honest(self.habit))).collect(),
        });
    }
}

/// One listener, household, shop or residence, for as long as the world lasts.
#[allow(clippy::too_many_lines)] // one short arm for each habit
pub(super) fn live(habit: Habit, number: u64, rng: &mut Rng, scene: &mut Scene) {
    let (listener, network) = (format!("person-{number}"), format!("home-{number}"));
    let (begin, days) = (scene.begin, scene.days);
    let device = scene.device();
    let mut phone = Sitting {
        habit,
        device,
        listener: &listener,
        network: &network,
        client: if rng.chance(0.5) { "app" } else { "browser" },
        background: rng.chance(0.6),
        clock: 0,
    };
    let some = |rng: &mut Rng, count: u64| (0..count).map(|_| any(rng)).collect::<Vec<_>>();
    for day in (0..days).map(|day| begin + day * DAY) {
        if rng.chance(0.12) {
            continue;
        }
        let weekday = (day / DAY + 3) % 7 < 5;
        match habit {
            Habit::Commute => {
                for hour in [7, 17] {
                    if weekday {
                        let at = day + hour * HOUR + rng.between(0, 90) * MINUTE;
                        let until = at + rng.between(15, 60) * MINUTE;
                        phone.listen(some(rng, 30), at, until, rng, scene);
                    }
                }
            }
            Habit::Albums => {
                let mut at = day + 18 * HOUR + rng.between(0, 3) * HOUR;
                for _ in 0..rng.between(1, 3) {
                    at = phone.listen(album(rng), at, u64::MAX, rng, scene) + rng.waiting(15 * MINUTE);
                }
            }
            Habit::Search => {
                let mut at = day + rng.between(9, 20) * HOUR;
                let plays = (0..rng.between(20, 120)).map(|_| {
                    let play = Play::whole(any(rng), at);
                    let play =
                        if rng.chance(0.8) { play.for_ms(SECOND + rng.waiting(28 * SECOND)) } else { play };
                    at = play.end() + rng.between(0, 3) * SECOND;
                    play
                });
                let plays: Vec<Play> = plays.collect();
                phone.send(plays, rng, scene);
            }
            Habit::Favourite => {
                let favourite = any(rng);
                let count = rng.between(10, 70);
                let at = day + rng.between(10, 19) * HOUR;
                let tracks = (0..count).map(|_| favourite.clone()).collect::<Vec<_>>();
                phone.listen(tracks, at, at + 3 * HOUR, rng, scene);
            }
            Habit::Sleep => {
                let (track, at) = (rain(rng), day + 22 * HOUR + rng.between(0, 90) * MINUTE);
                let until = at + rng.between(6 * 60, 9 * 60) * MINUTE;
                let mut plays = Vec::new();
                let mut next = at;
                while next < until {
                    let play =
                        Play { autoplay: next > at, visible: next == at, ..Play::whole(track.clone(), next) };
                    next = play.end() + 300;
                    plays.push(play);
                }
                phone.send(plays, rng, scene);
                // And by day, at work.
                if weekday {
                    phone.listen(some(rng, 80), day + 12 * HOUR, day + 16 * HOUR, rng, scene);
                }
            }
            Habit::Desk => {
                if weekday {
                    let at = day + 8 * HOUR + rng.between(0, 90) * MINUTE;
                    let desk = Sitting { client: "browser", background: true, ..phone };
                    let noon = at + 4 * HOUR;
                    desk.listen(some(rng, 120), at, noon, rng, scene);
                    desk.listen(some(rng, 120), noon + HOUR, noon + 5 * HOUR, rng, scene);
                }
            }
            Habit::Offline => {
                // All plays of ten days are sent when the network is back, some days a whole batch each.
                let mut plays = phone.plays(some(rng, 40), day + rng.between(8, 20) * HOUR, u64::MAX, rng);
                plays.truncate(usize::try_from(rng.between(5, 40)).expect("small"));
                for play in &mut plays {
                    play.offline = true;
                }
                let back = begin + ((day - begin) / (10 * DAY) + 1) * 10 * DAY + 30 * HOUR;
                for chunk in plays.chunks(12) {
                    phone.parcel(chunk.to_vec(), back + rng.between(0, 30) * SECOND, Tie::Next, scene);
                }
            }
            Habit::SharedDevice => {
                let mut at = day + 15 * HOUR;
                for member in 0..rng.between(2, 5) {
                    let name = format!("person-{number}-{member}");
                    let member = Sitting { listener: &name, ..phone };
                    let until = at + rng.between(10, 60) * MINUTE;
                    at = member.listen(some(rng, 30), at, until, rng, scene) + rng.waiting(10 * MINUTE);
                }
            }
            Habit::SharedAccount => {
                for member in 0..6 {
                    let member = Sitting { device: device * 1_000_000 + member, ..phone };
                    if rng.chance(0.7) {
                        let at = day + rng.between(7, 21) * HOUR;
                        member.listen(some(rng, 60), at, at + rng.between(20, 150) * MINUTE, rng, scene);
                    }
                }
            }
            Habit::Shop => {
                let open = rng.between(9, 14);
                let at = day + 8 * HOUR + rng.between(0, 30) * MINUTE;
                let list: Vec<Track> = (0..60).map(|track| super::music::track(number, track)).collect();
                let tracks = (0..400).map(|_| rng.pick(&list).clone()).collect::<Vec<_>>();
                phone.listen(tracks, at, at + open * HOUR, rng, scene);
            }
            Habit::PrivateWindows => {
                let mut at = day + 10 * HOUR;
                for _ in 0..rng.between(2, 6) {
                    let window = Sitting { device: scene.device(), client: "browser", ..phone };
                    let until = at + rng.between(10, 60) * MINUTE;
                    at = window.listen(some(rng, 30), at, until, rng, scene) + rng.waiting(HOUR);
                }
            }
            Habit::Children => {
                let tracks = (0..120).map(|_| nursery(rng)).collect::<Vec<_>>();
                let at = day + 15 * HOUR + rng.between(0, 60) * MINUTE;
                phone.listen(tracks, at, at + rng.between(30, 150) * MINUTE, rng, scene);
            }
            Habit::WrongClock => {
                // Behind by a time zone, or ahead by days; set right once, between two sittings.
                let wrong = if number.is_multiple_of(2) { -11 * 3_600_000 } else { 5 * 86_400_000 };
                phone.clock = if day < begin + 8 * DAY { wrong } else { 0 };
                let at = day + rng.between(9, 20) * HOUR;
                phone.listen(some(rng, 30), at, at + HOUR, rng, scene);
            }
            Habit::Travel => {
                // Lisbon, two hours of flight without a fix, Berlin; on some days a train to Leipzig.
                let places: &[(u64, &str)] = match day / DAY % 4 {
                    0 => &[(8, "eyck"), (14, "u33d")],
                    1 => &[(9, "u33d"), (11, "u30u"), (18, "u33d")],
                    2 => &[(8, "u33d"), (16, "eyck")],
                    _ => &[(12, "eyck")],
                };
                for (hour, place) in places {
                    let at = day + hour * HOUR + rng.between(0, 30) * MINUTE;
                    let mut plays = phone.plays(some(rng, 8), at, at + 40 * MINUTE, rng);
                    for play in &mut plays {
                        play.place = Some((*place).to_owned());
                    }
                    phone.send(plays, rng, scene);
                }
            }
            Habit::TwoTabs => {
                let at = day + rng.between(9, 20) * HOUR;
                phone.listen(some(rng, 30), at, at + 90 * MINUTE, rng, scene);
                // Something else in another tab, that day or another.
                if rng.chance(0.3) {
                    phone.listen(some(rng, 2), at + 20 * MINUTE, at + 25 * MINUTE, rng, scene);
                }
            }
            Habit::LostBatch => {
                let at = day + rng.between(9, 20) * HOUR;
                let plays = phone.plays(some(rng, 20), at, at + HOUR, rng);
                let received = plays.last().map_or(at, Play::end) + 5 * SECOND;
                let tie = if day == begin + 5 * DAY { Tie::AfterALostOne } else { Tie::Next };
                phone.parcel(plays, received, tie, scene);
            }
            Habit::Calls => {
                let at = day + rng.between(9, 15) * HOUR;
                let mut plays = phone.plays(some(rng, 40), at, at + 2 * HOUR, rng);
                for play in &mut plays {
                    if rng.chance(0.15) {
                        play.silent = play.heard / 2;
                        play.heard /= 3;
                    }
                }
                phone.send(plays, rng, scene);
            }
            Habit::OwnTool => {
                let tool = Sitting { client: "tool", background: false, ..phone };
                let at = day + rng.between(9, 20) * HOUR;
                tool.listen(some(rng, 30), at, at + 90 * MINUTE, rng, scene);
            }
            Habit::FirstDay => {
                // Forty people in one house hear the same new album on the same evening, once or twice.
                let first_day = day == begin + 4 * DAY;
                let tracks: Vec<Track> =
                    (0..11).map(|track| super::music::track(9_000 + number, track)).collect();
                for member in 0..if first_day { 40 } else { 3 } {
                    let name = format!("person-{number}-{member}");
                    let member = Sitting { device: device * 1_000_000 + member, listener: &name, ..phone };
                    let at = day + rng.between(16, 20) * HOUR + rng.between(0, 50) * MINUTE;
                    member.listen(tracks.clone(), at, u64::MAX, rng, scene);
                    if first_day && rng.chance(0.3) {
                        member.listen(tracks.clone(), at + 2 * HOUR, u64::MAX, rng, scene);
                    }
                }
            }
        }
    }
}
