//! Lets things happen, in the order of the world's time. What happens stands in the modules below it.

mod ending;
mod faults;
mod host;
mod listening;
mod network;

use self::faults::Fault;
use super::device::Device;
use super::dice::Dice;
use super::oracle::{Oracle, Tally};
use super::server::Server;
use delistening_schema::Hash;
use delistening_sdk_core::{FetchResult, Input, Record, TransportResult};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

const BEGIN_MS: u64 = 1_750_000_000_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Something that will happen.
enum Action {
    Visit { device: usize },
    Play { device: usize, tab: u32 },
    Wrote { device: usize },
    Signed { device: usize, tab: u32, ticket: u64, message: String },
    Token { device: usize, tab: u32, bound_to: String },
    Arrive { device: usize, tab: u32, ticket: u64, body: String, answers: bool },
    Response { device: usize, tab: u32, ticket: u64, result: TransportResult },
    Fetched { device: usize, tab: u32, ticket: u64, path: String },
    Wake { device: usize, tab: u32 },
    Elect { device: usize },
    Led { device: usize, tab: u32, records: Vec<Record> },
    Close { device: usize, tab: u32, killed: bool },
    Fault { device: usize, fault: Fault },
}

/// How a world ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What counts, is lost, is double.
    pub tally: Tally,
    /// How many plays the server's own projection counts.
    pub counted: u64,
    /// What is wrong, in sentences; empty if nothing is.
    pub findings: Vec<String>,
}

/// Devices, a server, and what is about to happen.
pub struct World {
    now: u64,
    dice: Dice,
    devices: Vec<Device>,
    server: Server,
    oracle: Oracle,
    /// What happens when; the second number keeps the order of things that happen at once.
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    actions: BTreeMap<u64, Action>,
    next: u64,
    /// The batches that the server holds, by hash.
    held: BTreeSet<Hash>,
    overloaded: bool,
    healed: bool,
    findings: Vec<String>,
}

impl World {
    /// Runs the world of `seed` to its end.
    pub fn run(seed: u64) -> Outcome {
        let mut world = Self::new(seed);
        let end = world.plan();
        // Some faults last beyond the days of listening.
        world.run_until(end + 10 * DAY);
        world.heal();
        world.outcome()
    }

    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let devices = (0..dice.between(1, 3)).map(|_| dice.split()).collect::<Vec<_>>();
        let devices = devices
            .into_iter()
            .enumerate()
            .map(|(number, mut dice)| Device::new(number, &mut dice))
            .collect();
        Self {
            now: BEGIN_MS,
            dice,
            devices,
            server: Server::new(),
            oracle: Oracle::default(),
            agenda: BinaryHeap::new(),
            actions: BTreeMap::new(),
            next: 0,
            held: BTreeSet::new(),
            overloaded: false,
            healed: false,
            findings: Vec::new(),
        }
    }

    /// Listening and faults over some days, seldom over a month.
    fn plan(&mut self) -> u64 {
        let days = if self.dice.chance(5) { 31 } else { self.dice.between(1, 8) };
        let end = BEGIN_MS + days * DAY;
        for device in 0..self.devices.len() {
            for _ in 0..self.dice.between(1, 2 * days) {
                let at = self.dice.between(BEGIN_MS, end);
                self.at(at, Action::Visit { device });
            }
            for _ in 0..self.dice.between(0, 2 * days) {
                let at = self.dice.between(BEGIN_MS, end);
                self.plan_fault(device, at);
            }
        }
        end
    }

    fn at(&mut self, time: u64, action: Action) {
        self.next += 1;
        self.agenda.push(Reverse((time, self.next)));
        self.actions.insert(self.next, action);
    }

    fn soon(&mut self, most_ms: u64, action: Action) {
        let time = self.now + self.dice.between(0, most_ms);
        self.at(time, action);
    }

    /// Everything happens that is to happen until `end`.
    fn run_until(&mut self, end: u64) {
        while let Some(&Reverse((time, number))) = self.agenda.peek()
            && time <= end
        {
            self.agenda.pop();
            self.now = self.now.max(time);
            if let Some(action) = self.actions.remove(&number) {
                self.perform(action);
            }
        }
        self.now = self.now.max(end);
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Visit { device } => self.visit(device),
            Action::Play { device, tab } => self.play(device, tab),
            Action::Wrote { device } => {
                if let Some(write) = self.devices[device].writes.pop_front() {
                    self.wrote(device, write);
                }
            }
            Action::Signed { device, tab, ticket, message } => {
                let signature = Some(self.devices[device].key().sign(message.as_bytes()));
                self.give(device, tab, Input::Signed { ticket, signature });
            }
            Action::Token { device, tab, bound_to } => {
                let listener = format!("listener-{device}-{}", self.devices[device].listener);
                let online = self.devices[device].network;
                let token = if online && !self.dice.chance(3) {
                    Ok(self.server.token(&bound_to, &listener, self.now))
                } else {
                    Err("the platform does not answer".to_owned())
                };
                self.give(device, tab, Input::Token { token });
            }
            Action::Arrive { device, tab, ticket, body, answers } => {
                self.arrive(device, tab, ticket, &body, answers);
            }
            Action::Response { device, tab, ticket, result } => {
                self.give(device, tab, Input::Response { ticket, result });
            }
            Action::Fetched { device, tab, ticket, path } => {
                let there = self.devices[device].network && (self.healed || !self.dice.chance(10));
                let result = if there { self.server.fetch(&path) } else { FetchResult::NetworkError };
                self.give(device, tab, Input::Fetched { ticket, result });
            }
            Action::Wake { device, tab } => self.wake(device, tab),
            Action::Elect { device } => self.elect(device),
            Action::Led { device, tab, mut records } => {
                let Some(place) = self.devices[device].find(tab) else { return };
                records.extend(self.devices[device].tabs[place].adopted.take().unwrap_or_default());
                let alive = self.devices[device].tabs.iter().map(|tab| tab.owner.clone()).collect();
                self.give(device, tab, Input::Lead { records, alive });
            }
            Action::Close { device, tab, killed } => self.close(device, tab, killed),
            Action::Fault { device, fault } => self.fault(device, fault),
        }
    }
}
