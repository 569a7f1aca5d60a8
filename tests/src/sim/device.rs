//! A device of the simulated world: a disk, keys, a clock that may jump, and tabs in which cores run.

use super::dice::Dice;
use delistening_schema::Intervals;
use delistening_schema::intervals::Interval;
use delistening_schema::key::SecretKey;
use delistening_sdk_core::{Config, Core, Now, Record};
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// A transaction on its way to the disk.
pub struct Write {
    /// The tab that asked for it.
    pub tab: u32,
    /// For the answer.
    pub ticket: u64,
    /// What is written.
    pub puts: Vec<Record>,
    /// What is deleted.
    pub deletes: Vec<String>,
}

/// What a disk can do.
#[derive(Clone, Copy, Debug)]
pub enum Disk {
    /// Everything.
    Works,
    /// It takes nothing new, but deletes.
    Full,
    /// Nothing.
    Broken,
}

impl Disk {
    /// Whether it carries out a transaction that writes `puts`.
    pub fn takes(self, puts: &[Record]) -> bool {
        match self {
            Self::Works => true,
            Self::Full => puts.is_empty(),
            Self::Broken => false,
        }
    }
}

/// A process or page in which a core runs.
pub struct Tab {
    /// Its number, never used twice on a device.
    pub id: u32,
    /// The core's owner name.
    pub owner: String,
    /// The core.
    pub core: Core,
    /// When it was opened, in the world's time.
    pub born: u64,
    /// When the core wants to be woken, in the world's time.
    pub wake: Option<u64>,
    /// What others told since this tab began to read the disk in order to lead.
    pub adopted: Option<Vec<Record>>,
    /// Whether it leads.
    pub leads: bool,
    /// What it plays at the moment.
    pub playing: Option<Listen>,
    /// How many tracks it still plays.
    pub tracks: u64,
}

/// Somebody listens to a track.
pub struct Listen {
    /// The core's handle.
    pub handle: u32,
    /// The session's id.
    pub session: Uuid,
    /// The length of the track in milliseconds.
    pub duration_ms: u64,
    /// Where playback is.
    pub position_ms: u64,
    /// Since when sound has been coming out without a word, in the world's time; `None` in a pause or stall.
    pub since: Option<u64>,
    /// The playback rate.
    pub rate: f64,
    /// Whether it is muted.
    pub muted: bool,
    /// How many more things happen before the listener goes on to another track.
    pub steps: u64,
}

impl Listen {
    /// Lets playback go on until `now`; what was audible is added to `heard`.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn advance(&mut self, now: u64, heard: &mut Intervals) {
        let Some(since) = self.since else { return };
        let moved = ((now - since) as f64 * self.rate) as u64;
        let to = (self.position_ms + moved).min(self.duration_ms);
        if !self.muted && to > self.position_ms {
            heard.insert(Interval(self.position_ms, to));
        }
        (self.position_ms, self.since) = (to, Some(now));
    }
}

/// A device.
pub struct Device {
    /// Its number in the world.
    pub number: usize,
    /// What survives its tabs.
    pub disk: BTreeMap<String, String>,
    /// What is on its way there, in order.
    pub writes: VecDeque<Write>,
    /// What can be written at the moment.
    pub disk_is: Disk,
    /// Whether the network is there.
    pub network: bool,
    /// How far the wall clock is from the world's time, in milliseconds.
    pub clock_off: i64,
    /// Who is signed in.
    pub listener: usize,
    /// How many listeners use it.
    pub listeners: usize,
    /// Its tabs.
    pub tabs: Vec<Tab>,
    /// Its configuration.
    pub config: Config,
    /// How often its disk was cleared or its key lost: disks are told apart by it.
    pub life: u32,
    key: SecretKey,
    next_tab: u32,
    next_handle: u32,
}

impl Device {
    /// Device `number`, never used before.
    pub fn new(number: usize, dice: &mut Dice) -> Self {
        let config = if dice.chance(10) {
            Config { queue_events: 200, max_events: 40, ..Config::default() }
        } else {
            Config::default()
        };
        Self {
            number,
            disk: BTreeMap::new(),
            writes: VecDeque::new(),
            disk_is: Disk::Works,
            network: true,
            clock_off: 0,
            listener: 0,
            listeners: if dice.chance(15) { 2 } else { 1 },
            tabs: Vec::new(),
            config,
            life: 0,
            key: new_key(dice),
            next_tab: 0,
            next_handle: 0,
        }
    }

    /// The key is gone; there is another.
    pub fn lose_key(&mut self, dice: &mut Dice) {
        self.key = new_key(dice);
    }

    /// The key.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The name of the disk as it is now.
    pub fn disk_name(&self) -> String {
        format!("{}.{}", self.number, self.life)
    }

    /// The time as a tab that was born at `born` sees it.
    pub fn now(&self, world: u64, born: u64) -> Now {
        Now { wall_ms: world.saturating_add_signed(self.clock_off), mono_ms: world - born + 1 }
    }

    /// Opens a tab; gives its number.
    pub fn open_tab(&mut self, world: u64, dice: &mut Dice) -> u32 {
        self.next_tab += 1;
        let id = self.next_tab;
        let owner = format!("owner-{}-{id}", self.number);
        let core = Core::new(self.config.clone(), owner.clone(), Box::new(dice.split()));
        let tracks = dice.between(1, 4);
        self.tabs.push(Tab {
            id,
            owner,
            core,
            born: world,
            wake: None,
            adopted: None,
            leads: false,
            playing: None,
            tracks,
        });
        id
    }

    /// A handle that no session of the device had before.
    pub fn handle(&mut self) -> u32 {
        self.next_handle += 1;
        self.next_handle
    }

    /// The place of a tab that lives.
    pub fn find(&self, tab: u32) -> Option<usize> {
        self.tabs.iter().position(|one| one.id == tab)
    }
}

fn new_key(dice: &mut Dice) -> SecretKey {
    let mut seed = [0; 32];
    delistening_sdk_core::Entropy::fill(dice, &mut seed);
    SecretKey::from_seed(&seed)
}
