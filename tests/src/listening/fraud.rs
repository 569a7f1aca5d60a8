//! Fraud, a kind for each signal. But for the one thing that gives it away it looks like honest listening.

use super::music::{DAY, HOUR, MINUTE, SECOND, Track, any, bought};
use super::parcel::{Parcel, Tie};
use super::play::Play;
use super::rng::Rng;
use super::{Kind, Scene, Trick};

/// A machine at a device.
#[derive(Clone)]
struct Machine {
    trick: Trick,
    campaign: u64,
    device: u64,
    listener: String,
    network: String,
    client: &'static str,
}

impl Machine {
    /// A track that is paid for, or one to look honest with.
    fn track(&self, rng: &mut Rng) -> Track {
        if rng.chance(0.7) { bought(self.campaign, rng.between(0, 19)) } else { any(rng) }
    }

    fn send(&self, plays: Vec<Play>, received: u64, scene: &mut Scene, change: impl FnOnce(&mut Parcel)) {
        let mut parcel = Parcel {
            device: self.device,
            listener: self.listener.clone(),
            received,
            anchored: None,
            unanchored: false,
            context: Scene::context(self.client, &self.network, received),
            clock: 0,
            tie: Tie::Next,
            plays: plays.into_iter().map(|play| (play, Kind::Fraud(self.trick))).collect(),
        };
        change(&mut parcel);
        scene.parcels.push(parcel);
    }

    /// Plays one after the other from `at` until `until`, each sent as it ends.
    fn run(
        &self,
        at: u64,
        until: u64,
        rng: &mut Rng,
        scene: &mut Scene,
        mut change: impl FnMut(&mut Play, &mut Rng),
    ) {
        let mut at = at;
        while at < until {
            let mut play = Play::whole(self.track(rng), at);
            play.autoplay = true;
            if rng.chance(0.1) && play.heard > 40 * SECOND {
                play.pause = Some((rng.between(10 * SECOND, 30 * SECOND), rng.waiting(30 * SECOND)));
            }
            change(&mut play, rng);
            at = play.end() + rng.between(500, 4_000);
            let received = play.end() + rng.between(1, 6) * SECOND;
            self.send(vec![play], received, scene, |_| ());
        }
    }
}

/// One operation, somewhere within the days of the world.
#[allow(clippy::too_many_lines)] // one short arm for each trick
pub(super) fn run(trick: Trick, campaign: u64, rng: &mut Rng, scene: &mut Scene) {
    let machine = Machine {
        trick,
        campaign,
        device: scene.device(),
        listener: format!("hired-{campaign}"),
        network: format!("cellar-{campaign}"),
        client: "browser",
    };
    let start = scene.begin + rng.between(0, scene.days * DAY / 2);
    match trick {
        Trick::MoreThanTime => {
            // An hour is made up in ten minutes, one play after the other by a clock that is made up as well.
            for visit in 0..rng.between(6, 20) {
                let received = start + visit * 10 * MINUTE;
                let anchored = received - 10 * MINUTE;
                let mut at = anchored + SECOND;
                let plays = (0..rng.between(14, 25)).map(|_| {
                    let mut play = Play::whole(machine.track(rng), at);
                    at += play.heard / 20;
                    play.wall_percent = 5;
                    play
                });
                let plays = plays.collect();
                machine.send(plays, received, scene, |parcel| parcel.anchored = Some(anchored));
            }
        }
        Trick::Overlap => {
            let hours = rng.between(3, 10);
            for _ in 0..rng.between(2, 5) {
                machine.run(start + rng.between(0, 60) * SECOND, start + hours * HOUR, rng, scene, |_, _| ());
            }
        }
        Trick::ManyDevices => {
            for _ in 0..rng.between(16, 60) {
                let one = Machine { device: scene.device(), ..machine.clone() };
                let at = start + rng.between(0, 8 * 60) * MINUTE;
                one.run(at, at + rng.between(20, 90) * MINUTE, rng, scene, |_, _| ());
            }
        }
        Trick::ManyListeners => {
            let mut at = start;
            for member in 0..rng.between(10, 40) {
                let one = Machine { listener: format!("hired-{campaign}-{member}"), ..machine.clone() };
                let until = at + rng.between(15, 40) * MINUTE;
                one.run(at, until, rng, scene, |_, _| ());
                at = until + 10 * MINUTE;
            }
        }
        Trick::DeviceBurst => {
            machine.run(start, start + rng.between(3, 9) * HOUR, rng, scene, |play, rng| {
                play.pause = None;
                play.heard = rng.between(36, 42) * SECOND;
            });
        }
        Trick::ListenerBurst => {
            // Ten devices, each no faster than a person.
            for _ in 0..10 {
                let one = Machine { device: scene.device(), ..machine.clone() };
                one.run(start, start + 4 * HOUR, rng, scene, |play, rng| {
                    play.heard = rng.between(80, 170) * SECOND;
                });
            }
        }
        Trick::NetworkBurst => {
            for member in 0..rng.between(35, 60) {
                let listener = format!("hired-{campaign}-{member}");
                let one = Machine { device: scene.device(), listener, ..machine.clone() };
                // Day by day, so that the name of the network is the same throughout.
                let at = start / DAY * DAY + 8 * HOUR + rng.between(0, 120) * MINUTE;
                one.run(at, at + rng.between(3, 5) * HOUR, rng, scene, |play, rng| {
                    *play = Play {
                        autoplay: true,
                        ..Play::whole(bought(campaign, rng.between(0, 19)), play.begin)
                    };
                });
            }
        }
        Trick::RoundTheClock => {
            let days = rng.between(2, 5);
            machine.run(start, start + days * DAY, rng, scene, |_, _| ());
        }
        Trick::NearThreshold => {
            machine.run(start, start + rng.between(2, 6) * HOUR, rng, scene, |play, rng| {
                play.heard = 30_200 + rng.between(0, 4_000);
                // Slowly enough not to be a burst.
                play.pause = Some((20 * SECOND, rng.between(20, 60) * SECOND));
            });
        }
        Trick::TrackLoop => {
            let looped = bought(campaign, 0);
            let hours = rng.between(16, 22);
            machine.run(start, start + hours * HOUR, rng, scene, |play, _| {
                *play = Play { autoplay: true, ..Play::whole(looped.clone(), play.begin) };
            });
        }
        Trick::Muted => machine.run(start, start + rng.between(2, 8) * HOUR, rng, scene, |play, rng| {
            play.heard = rng.between(36, 60) * SECOND;
            play.silent = play.heard + rng.between(20, 90) * SECOND;
        }),
        Trick::Hidden => machine.run(start, start + rng.between(2, 8) * HOUR, rng, scene, |play, _| {
            (play.visible, play.pause) = (false, None);
        }),
        Trick::Automation => {
            let client = *rng.pick(&["headless", "bot"]);
            let one = Machine { client, ..machine };
            one.run(start, start + rng.between(2, 8) * HOUR, rng, scene, |_, _| ());
        }
        Trick::Travel => {
            // The account of a phone that is everywhere at once.
            let mut next = 0;
            machine.run(start, start + rng.between(3, 8) * HOUR, rng, scene, |play, _| {
                next += 1;
                play.place = Some(["u33d", "dr5r", "9q8y", "xn76", "6gyf"][next % 5].to_owned());
            });
        }
        Trick::ChainGaps => {
            // What would look bad is left out before it is sent.
            let mut at = start;
            for _ in 0..rng.between(20, 60) {
                let plays: Vec<Play> = (0..rng.between(1, 3))
                    .map(|_| {
                        let play = Play::whole(machine.track(rng), at);
                        at = play.end() + SECOND;
                        play
                    })
                    .collect();
                let received = at + 2 * SECOND;
                machine.send(plays, received, scene, |parcel| parcel.tie = Tie::AfterALostOne);
            }
        }
        Trick::ChainForks => {
            let mut at = start;
            for _ in 0..rng.between(20, 60) {
                let play = Play::whole(machine.track(rng), at);
                at = play.end() + SECOND;
                machine.send(vec![play], at + SECOND, scene, |parcel| parcel.tie = Tie::Beside);
            }
        }
        Trick::OutsideSignedTimes => {
            // A device that is new makes up a month before it.
            let received = start + 2 * DAY;
            for part in 0..rng.between(3, 10) {
                let mut at = start - rng.between(10, 40) * DAY;
                let plays = (0..rng.between(10, 25)).map(|_| {
                    let play = Play { offline: true, ..Play::whole(machine.track(rng), at) };
                    at = play.end() + SECOND;
                    play
                });
                let plays = plays.collect();
                let received = received + part * 10 * MINUTE;
                machine.send(plays, received, scene, |parcel| parcel.anchored = Some(received - 9 * HOUR));
            }
        }
        Trick::ClockJumps => {
            // The clock is wound back within each play, so that more of them fit into a day.
            machine
                .run(start, start + rng.between(3, 9) * HOUR, rng, scene, |play, _| play.wall_percent = 15);
        }
    }
}
