//! What the listener lets plays tell beside what is played.

use delistening_sdk_core::{Allowed, Precision};

/// What the listener has agreed to. Nothing of it is remembered: say it at each start, and when it changes. What is no
/// longer agreed to is forgotten at once, unless it is in an event already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Consent {
    /// How the device moves (`signal.motion`).
    #[uniffi(default = false)]
    pub motion: bool,
    /// Roughly where the device is (`signal.location`), and how roughly; not at all if not given.
    #[uniffi(default = None)]
    pub location: Option<LocationPrecision>,
    /// Where the sound comes out (`output`).
    #[uniffi(default = false)]
    pub output: bool,
}

/// How precisely a place may be told: the length of its geohash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LocationPrecision {
    /// A cell of about 150 km.
    Region,
    /// A cell of about 40 by 20 km.
    City,
    /// A cell of about 5 km. None is more precise.
    District,
}

/// How a device moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Activity {
    /// Not moving.
    Still,
    /// On foot, walking.
    Walking,
    /// On foot, running.
    Running,
    /// In a vehicle.
    Vehicle,
}

impl From<Consent> for Allowed {
    fn from(Consent { motion, location, output: _ }: Consent) -> Self {
        let location = location.map(|precision| match precision {
            LocationPrecision::Region => Precision::Region,
            LocationPrecision::City => Precision::City,
            LocationPrecision::District => Precision::District,
        });
        Self { motion, location }
    }
}

impl From<Activity> for delistening_schema::event::Activity {
    fn from(activity: Activity) -> Self {
        match activity {
            Activity::Still => Self::Still,
            Activity::Walking => Self::Walking,
            Activity::Running => Self::Running,
            Activity::Vehicle => Self::Vehicle,
        }
    }
}
