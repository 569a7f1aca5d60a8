//! A world of listeners: honest ones with the habits that people have, and each kind of fraud, from a seed.
//!
//! [`World::letters`] gives what the server receives, in order, with a label for each session. The benchmark judges it as
//! it is; a load would sign it and send it.

mod fraud;
mod honest;
mod music;
mod parcel;
mod play;
mod rng;
mod score;

pub use music::{DAY, HOUR, MINUTE, SECOND};
pub use parcel::{Letter, device_id};
pub use rng::Rng;
pub use score::{Figures, Tally, judge, score};

use delistening_schema::IntakeContext;
use delistening_schema::play::SessionKey;
use parcel::Parcel;
use std::collections::BTreeMap;

/// Who played, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A person, with one of their habits.
    Honest(Habit),
    /// A machine or a cheat.
    Fraud(Trick),
}

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Habit {
    /// To work and back, on a phone.
    Commute,
    /// Albums in the evening.
    Albums,
    /// Looks for something new, and skips.
    Search,
    /// The same favourite for hours.
    Favourite,
    /// Music or rain all night.
    Sleep,
    /// In the background of a desk all day.
    Desk,
    /// Weeks without a network.
    Offline,
    /// One device for a whole family.
    SharedDevice,
    /// One account for a whole family.
    SharedAccount,
    /// A shop, a bar or a surgery, open all day.
    Shop,
    /// Private windows, each a new device.
    PrivateWindows,
    /// Songs for children, again and again.
    Children,
    /// A device whose clock is wrong, or is set once.
    WrongClock,
    /// Flights and trains.
    Travel,
    /// Two tabs at once, now and then.
    TwoTabs,
    /// A phone that lost what it had recorded, once.
    LostBatch,
    /// Mutes for every call.
    Calls,
    /// A player of somebody's own making.
    OwnTool,
    /// An album's first day in a student residence.
    FirstDay,
}

impl Habit {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Commute,
        Self::Albums,
        Self::Search,
        Self::Favourite,
        Self::Sleep,
        Self::Desk,
        Self::Offline,
        Self::SharedDevice,
        Self::SharedAccount,
        Self::Shop,
        Self::PrivateWindows,
        Self::Children,
        Self::WrongClock,
        Self::Travel,
        Self::TwoTabs,
        Self::LostBatch,
        Self::Calls,
        Self::OwnTool,
        Self::FirstDay,
    ];
}

/// What cheats do: one for each signal that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// More heard than time passed.
    MoreThanTime,
    /// Several players at once on one device.
    Overlap,
    /// One listener on many devices.
    ManyDevices,
    /// One device under many listeners.
    ManyListeners,
    /// Bursts of a device.
    DeviceBurst,
    /// Bursts of a listener, over some devices.
    ListenerBurst,
    /// A farm in one network.
    NetworkBurst,
    /// Listening round the clock.
    RoundTheClock,
    /// Just long enough to count.
    NearThreshold,
    /// One track for ever.
    TrackLoop,
    /// Muted as soon as it counts.
    Muted,
    /// Pages that nobody ever sees.
    Hidden,
    /// Browsers without a screen, and crawlers.
    Automation,
    /// Places too far apart.
    Travel,
    /// Batches that are left out of the chain.
    ChainGaps,
    /// A device's key in two hands.
    ChainForks,
    /// Offline plays from before the device could have played them.
    OutsideSignedTimes,
    /// A clock that is wound.
    ClockJumps,
}

impl Trick {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::MoreThanTime,
        Self::Overlap,
        Self::ManyDevices,
        Self::ManyListeners,
        Self::DeviceBurst,
        Self::ListenerBurst,
        Self::NetworkBurst,
        Self::RoundTheClock,
        Self::NearThreshold,
        Self::TrackLoop,
        Self::Muted,
        Self::Hidden,
        Self::Automation,
        Self::Travel,
        Self::ChainGaps,
        Self::ChainForks,
        Self::OutsideSignedTimes,
        Self::ClockJumps,
    ];
}

/// A world.
#[derive(Clone, Debug)]
pub struct World {
    /// Everything follows from it.
    pub seed: u64,
    /// When it begins, milliseconds since 1970.
    pub begin: u64,
    /// For how many days.
    pub days: u64,
    /// How many honest listeners there are; households, shops and residences count once.
    pub listeners: u64,
    /// How many operations of each kind of fraud there are.
    pub operations: BTreeMap<Trick, u64>,
    /// How often devices write progress, in milliseconds of playback.
    pub progress_every: u64,
}

impl World {
    /// Two weeks of `listeners` people and `operations` of each kind of fraud.
    pub fn new(seed: u64, listeners: u64, operations: u64) -> Self {
        Self {
            seed,
            // Some Monday.
            begin: 20_700 * DAY + 4 * DAY,
            days: 14,
            listeners,
            operations: Trick::ALL.into_iter().map(|trick| (trick, operations)).collect(),
            progress_every: 30 * SECOND,
        }
    }

    /// What the server receives, in order, and who each session is of.
    pub fn letters(&self) -> (Vec<Letter>, BTreeMap<SessionKey, Kind>) {
        let root = Rng::new(self.seed);
        let mut scene = Scene { begin: self.begin, days: self.days, next_device: 0, parcels: Vec::new() };
        for (number, habit) in (0..self.listeners).zip(Habit::ALL.into_iter().cycle()) {
            honest::live(habit, number, &mut root.fork(number), &mut scene);
        }
        for (trick, &count) in &self.operations {
            for number in 0..count {
                let campaign = ((*trick as u64) << 16) | number;
                fraud::run(*trick, campaign, &mut root.fork(1 << 40 | campaign), &mut scene);
            }
        }
        parcel::letters(scene.parcels, self.progress_every, &mut root.fork(1 << 50))
    }
}

/// Where it all happens.
struct Scene {
    begin: u64,
    days: u64,
    next_device: u64,
    parcels: Vec<Parcel>,
}

impl Scene {
    fn device(&mut self) -> u64 {
        self.next_device += 1;
        self.next_device
    }

    /// What the server knows of where something came from. The names of networks change every day, as the server's do.
    fn context(client: &str, network: &str, at: u64) -> IntakeContext {
        IntakeContext {
            issuer: "https://localhost/delistening-dev-issuer".to_owned(),
            client: client.to_owned(),
            network: Some(format!("{network}-{}", at / DAY)),
            ..IntakeContext::default()
        }
    }
}

#[cfg(test)]
mod tests;
