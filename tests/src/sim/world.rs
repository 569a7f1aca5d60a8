//! Lets things happen, in the order of the world's time.

use super::device::{Device, Listen, Write};
use super::dice::Dice;
use super::oracle::{Oracle, Tally};
use super::server::Server;
use delistening_schema::event::EndReason;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Batch, Hash};
use delistening_sdk_core::{FetchResult, Input, Notice, Output, Record, Signal, Track, TransportResult};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use uuid::Uuid;

const BEGIN_MS: u64 = 1_750_000_000_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const HOST_TIMEOUT: u64 = MINUTE;
/// What an honest device never has to say of an honest server.
const NEVER: [&str; 9] = [
    "receipt-invalid",
    "log-inconsistent",
    "log-rewritten",
    "log-key-changed",
    "wrong-key",
    "state-corrupted",
    "malformed-event",
    "malformed-answer",
    "sequence-fork",
];

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

#[derive(Clone, Copy, Debug)]
enum Fault {
    Network(bool),
    Disk(bool),
    Clock,
    Crash,
    KeyLost,
    Evicted,
    Damaged,
    OtherListener,
    Restart,
    Overload(bool),
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

    fn plan_fault(&mut self, device: usize, at: u64) {
        let lasts = match self.dice.between(0, 2) {
            0 => self.dice.between(SECOND, 10 * MINUTE),
            1 => self.dice.between(MINUTE, 10 * HOUR),
            _ => self.dice.between(HOUR, 10 * DAY),
        };
        let mut plan = |at, fault| self.at(at, Action::Fault { device, fault });
        match plan_kind(at) {
            0..=3 => {
                plan(at, Fault::Network(false));
                plan(at + lasts, Fault::Network(true));
            }
            4..=5 => {
                plan(at, Fault::Disk(false));
                plan(at + lasts, Fault::Disk(true));
            }
            6..=7 => plan(at, Fault::Clock),
            8..=10 => plan(at, Fault::Crash),
            11 => plan(at, Fault::KeyLost),
            12 => plan(at, Fault::Evicted),
            13 => plan(at, Fault::Damaged),
            14 => plan(at, Fault::OtherListener),
            15 => plan(at, Fault::Restart),
            _ => {
                plan(at, Fault::Overload(true));
                plan(at + lasts.min(HOUR), Fault::Overload(false));
            }
        }
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

    fn visit(&mut self, device: usize) {
        if self.devices[device].tabs.len() >= 3 {
            return;
        }
        let tab = self.open(device);
        self.soon(5 * SECOND, Action::Play { device, tab });
    }

    fn open(&mut self, device: usize) -> u32 {
        let tab = self.devices[device].open_tab(self.now, &mut self.dice);
        let public = self.devices[device].key().public().to_bytes();
        self.give(device, tab, Input::Key { public });
        self.give(device, tab, Input::Online(self.devices[device].network));
        self.soon(SECOND, Action::Elect { device });
        tab
    }

    /// Where nobody leads, the oldest tab reads the disk in order to.
    fn elect(&mut self, device: usize) {
        if self.devices[device].tabs.is_empty() || self.devices[device].tabs.iter().any(|tab| tab.leads) {
            return;
        }
        // A read waits for the writes that began before it.
        while let Some(write) = self.devices[device].writes.pop_front() {
            self.wrote(device, write);
        }
        let Some(tab) = self.devices[device].tabs.first_mut() else { return };
        (tab.leads, tab.adopted) = (true, Some(Vec::new()));
        let tab = tab.id;
        let disk = &self.devices[device].disk;
        let records =
            disk.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect();
        self.soon(200, Action::Led { device, tab, records });
    }

    /// One step of somebody's listening.
    fn play(&mut self, device: usize, tab: u32) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let Some(mut listen) = self.devices[device].tabs[place].playing.take() else {
            return self.begin(device, place);
        };
        let (now, handle) = (self.now, listen.handle);
        listen.advance(now, self.oracle.heard.entry(listen.session).or_default());
        let position_ms = listen.position_ms;
        let over = listen.steps == 0 || position_ms >= listen.duration_ms;
        listen.steps = listen.steps.saturating_sub(1);
        let mut pause = self.dice.between(SECOND, 9 * SECOND);
        let signals = if over {
            let reason =
                if position_ms >= listen.duration_ms { EndReason::Completed } else { EndReason::Skipped };
            vec![Signal::Ended { reason, position_ms }]
        } else if listen.since.is_none() {
            listen.since = Some(now);
            vec![Signal::Playing { position_ms }]
        } else {
            self.something(&mut listen, &mut pause)
        };
        // Playback stops at the end of the track.
        if let Some(left) = listen.since.map(|_| listen.duration_ms - listen.position_ms) {
            pause = pause.min(left.max(1));
        }
        if over {
            pause = self.dice.between(0, 10 * SECOND);
        } else {
            self.devices[device].tabs[place].playing = Some(listen);
        }
        for signal in signals {
            self.give(device, tab, Input::Signal { handle, signal });
        }
        if self.dice.chance(2) {
            self.give(device, tab, Input::Hidden);
        }
        self.at(now + pause, Action::Play { device, tab });
    }

    /// What a listener does while sound comes out.
    fn something(&mut self, listen: &mut Listen, pause: &mut u64) -> Vec<Signal> {
        let position_ms = listen.position_ms;
        let here = Signal::Position { position_ms };
        match self.dice.between(0, 99) {
            0..=5 => {
                listen.since = None;
                *pause = self.dice.between(SECOND, 20 * MINUTE);
                vec![Signal::Paused { position_ms }]
            }
            6..=10 => {
                listen.since = None;
                vec![Signal::Stalled { position_ms }]
            }
            11..=18 => {
                let to_ms = self.dice.between(0, listen.duration_ms);
                listen.position_ms = to_ms;
                vec![Signal::Seeked { from_ms: position_ms, to_ms }]
            }
            19..=22 => {
                listen.muted = !listen.muted;
                vec![here, Signal::Volume { volume: 1.0, muted: listen.muted }]
            }
            23..=26 => {
                let rates = [0.5, 1.0, 1.25, 2.0];
                listen.rate = rates[usize::try_from(self.dice.between(0, 3)).unwrap_or(0)];
                vec![here, Signal::Rate { rate: listen.rate }]
            }
            _ => vec![here],
        }
    }

    fn begin(&mut self, device: usize, place: usize) {
        let tab = self.devices[device].tabs[place].id;
        if self.devices[device].tabs[place].tracks == 0 {
            match self.dice.between(0, 9) {
                0..=4 => self.soon(MINUTE, Action::Close { device, tab, killed: false }),
                5..=6 => self.soon(HOUR, Action::Close { device, tab, killed: true }),
                _ => {}
            }
            return;
        }
        self.devices[device].tabs[place].tracks -= 1;
        let handle = self.devices[device].handle();
        let mut random = [0; 10];
        delistening_sdk_core::Entropy::fill(&mut self.dice, &mut random);
        let wall_ms = self.devices[device].now(self.now, 0).wall_ms;
        let session = uuid::Builder::from_unix_timestamp_millis(wall_ms, &random).into_uuid();
        self.start(device, tab, handle, session);
    }

    fn start(&mut self, device: usize, tab: u32, handle: u32, session: Uuid) {
        let duration_ms = self.dice.between(20 * SECOND, 5 * MINUTE);
        let track = Track {
            id: format!("track-{}", self.dice.between(0, 20)),
            artist: Some("artist".to_owned()),
            duration_ms: self.dice.chance(90).then_some(duration_ms),
            ..Track::default()
        };
        let open =
            Input::OpenSession { handle, id: Some(session), track, engine: "sim".into(), autoplay: false };
        self.give(device, tab, open);
        self.give(device, tab, Input::Signal { handle, signal: Signal::Playing { position_ms: 0 } });
        self.oracle.heard.entry(session).or_default();
        let Some(place) = self.devices[device].find(tab) else { return };
        self.devices[device].tabs[place].playing = Some(Listen {
            handle,
            session,
            duration_ms,
            position_ms: 0,
            since: Some(self.now),
            rate: 1.0,
            muted: false,
            steps: self.dice.between(1, 60),
        });
        self.soon(9 * SECOND, Action::Play { device, tab });
    }

    /// The page is left in good order, or its process ends where it stands.
    fn close(&mut self, device: usize, tab: u32, killed: bool) {
        let Some(place) = self.devices[device].find(tab) else { return };
        if !killed {
            if let Some(mut listen) = self.devices[device].tabs[place].playing.take() {
                listen.advance(self.now, self.oracle.heard.entry(listen.session).or_default());
                let signal = Signal::Ended { reason: EndReason::Unloaded, position_ms: listen.position_ms };
                self.give(device, tab, Input::Signal { handle: listen.handle, signal });
            }
            self.give(device, tab, Input::Hidden);
        }
        let Some(place) = self.devices[device].find(tab) else { return };
        let led = self.devices[device].tabs.remove(place).leads;
        if killed {
            // Of what was on its way to the disk, the first part arrives.
            let arrives = self.dice.between(0, 4);
            let mut seen = 0;
            self.devices[device].writes.retain(|write| {
                seen += u64::from(write.tab == tab);
                write.tab != tab || seen <= arrives
            });
        }
        if led {
            self.soon(SECOND, Action::Elect { device });
        }
    }

    fn close_all(&mut self, device: usize) {
        let tabs: Vec<u32> = self.devices[device].tabs.iter().map(|tab| tab.id).collect();
        for tab in tabs {
            self.close(device, tab, true);
        }
        while let Some(write) = self.devices[device].writes.pop_front() {
            self.wrote(device, write);
        }
    }

    fn fault(&mut self, device: usize, fault: Fault) {
        if self.healed {
            return;
        }
        match fault {
            Fault::Network(there) => {
                self.devices[device].network = there;
                // The platform cannot always tell.
                if self.dice.chance(80) {
                    self.tell_all(device, &Input::Online(there));
                }
            }
            Fault::Disk(works) => self.devices[device].disk_works = works,
            Fault::Clock => {
                let far = [MINUTE, HOUR, DAY, 400 * DAY, 4_000 * DAY];
                let most = far[usize::try_from(self.dice.between(0, 4)).unwrap_or(0)];
                let by = i64::try_from(self.dice.between(0, most)).unwrap_or(0);
                self.devices[device].clock_off = if self.dice.chance(50) { by } else { -by };
            }
            Fault::Crash => self.close_all(device),
            Fault::KeyLost => {
                self.close_all(device);
                self.devices[device].lose_key(&mut self.dice);
            }
            Fault::Evicted => {
                self.close_all(device);
                let disk = self.devices[device].disk_name();
                // With the disk goes what was not told yet.
                self.oracle.given_up = self.oracle.given_up.saturating_sub(untold(&self.devices[device]));
                for key in std::mem::take(&mut self.devices[device].disk).into_keys() {
                    self.oracle.destroyed(&disk, &key);
                }
                self.devices[device].life += 1;
                self.devices[device].lose_key(&mut self.dice);
            }
            Fault::Damaged => self.damage(device),
            Fault::OtherListener => {
                let next = (self.devices[device].listener + 1) % self.devices[device].listeners;
                self.devices[device].listener = next;
            }
            Fault::Restart => self.server.restart(),
            Fault::Overload(on) => self.overloaded = on,
        }
    }

    /// A record becomes unreadable while nobody looks.
    fn damage(&mut self, device: usize) {
        self.close_all(device);
        let keys: Vec<String> =
            self.devices[device].disk.keys().filter(|key| *key != "state").cloned().collect();
        let Some(most) = (keys.len() as u64).checked_sub(1) else { return };
        let key = &keys[usize::try_from(self.dice.between(0, most)).unwrap_or(0)];
        let disk = self.devices[device].disk_name();
        self.oracle.destroyed(&disk, key);
        if let Some(value) = self.devices[device].disk.get_mut(key) {
            // What it tells of is told by nobody else.
            self.oracle.given_up = self.oracle.given_up.saturating_sub(told_by(value));
            value.truncate(value.len() / 2);
        }
    }

    fn tell_all(&mut self, device: usize, input: &Input) {
        let tabs: Vec<u32> = self.devices[device].tabs.iter().map(|tab| tab.id).collect();
        for tab in tabs {
            self.give(device, tab, input.clone());
        }
    }

    fn wake(&mut self, device: usize, tab: u32) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let due = &mut self.devices[device].tabs[place].wake;
        if due.is_some_and(|at| at <= self.now) {
            *due = None;
            self.give(device, tab, Input::Tick);
        }
    }

    /// Gives a core an input, and begins what it then asks for.
    fn give(&mut self, device: usize, tab: u32, input: Input) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let now = self.devices[device].now(self.now, self.devices[device].tabs[place].born);
        let core = &mut self.devices[device].tabs[place].core;
        core.handle(now, input);
        for output in core.take_outputs() {
            self.obey(device, tab, output);
        }
    }

    fn obey(&mut self, device: usize, tab: u32, output: Output) {
        match output {
            Output::Store { ticket, puts, deletes } => {
                self.devices[device].writes.push_back(Write { tab, ticket, puts, deletes });
                self.soon(50, Action::Wrote { device });
            }
            Output::Handover { records } => {
                let Some(leader) = self.devices[device].tabs.iter_mut().find(|tab| tab.leads) else { return };
                if let Some(adopted) = &mut leader.adopted {
                    adopted.extend(records);
                } else {
                    let leader = leader.id;
                    self.give(device, leader, Input::Adopt { records });
                }
            }
            Output::Sign { ticket, message } => {
                self.soon(20, Action::Signed { device, tab, ticket, message });
            }
            Output::NeedToken { device: bound_to } => {
                self.soon(500, Action::Token { device, tab, bound_to });
            }
            Output::Send { ticket, body, .. } => self.send(device, tab, ticket, &body),
            Output::Fetch { ticket, path } => {
                self.soon(SECOND, Action::Fetched { device, tab, ticket, path });
            }
            Output::WakeAt { mono_ms } => {
                let Some(place) = self.devices[device].find(tab) else { return };
                let at = self.devices[device].tabs[place].born + mono_ms.saturating_sub(1);
                self.devices[device].tabs[place].wake = Some(at);
                self.at(at, Action::Wake { device, tab });
            }
            Output::Notify { notice: Notice::Error(error) } => {
                if NEVER.contains(&error.code.as_str()) {
                    self.findings.push(format!("device {device} says {}: {}", error.code, error.detail));
                }
            }
            Output::Notify { .. } => {}
        }
    }

    fn wrote(&mut self, device: usize, write: Write) {
        let Write { tab, ticket, puts, deletes } = write;
        let ok = self.devices[device].disk_works;
        if ok {
            let disk = self.devices[device].disk_name();
            self.oracle.stored(&disk, &puts, &deletes);
            for key in &deletes {
                let gone = self.devices[device].disk.remove(key);
                if key.starts_with("batch/") && gone.is_some_and(|value| !self.holds(&value)) {
                    self.oracle.batch_given_up(&disk, key);
                }
            }
            let puts = puts.into_iter().map(|record| (record.key, record.value));
            self.devices[device].disk.extend(puts);
        }
        self.give(device, tab, Input::Stored { ticket, ok });
    }

    /// Whether the server holds the batch in a record. One that cannot be read is no longer owed anyway.
    fn holds(&self, record: &str) -> bool {
        let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
        record["jws"].as_str().is_none_or(|jws| self.held.contains(&Hash::of(jws.as_bytes())))
    }

    fn send(&mut self, device: usize, tab: u32, ticket: u64, body: &str) {
        let timed_out = Action::Response { device, tab, ticket, result: TransportResult::NetworkError };
        if !self.devices[device].network {
            return self.soon(5 * SECOND, timed_out);
        }
        let arrive = |answers| Action::Arrive { device, tab, ticket, body: body.to_owned(), answers };
        if self.healed {
            return self.soon(SECOND, arrive(true));
        }
        match self.dice.between(0, 99) {
            // It never arrives.
            0..=4 => self.at(self.now + HOST_TIMEOUT, timed_out),
            // It arrives, and nobody hears the answer.
            5..=11 => {
                self.soon(SECOND, arrive(false));
                self.at(self.now + HOST_TIMEOUT, timed_out);
            }
            // The answer comes when nobody waits for it any more.
            12..=14 => {
                self.at(self.now + HOST_TIMEOUT, timed_out);
                let late = self.now + HOST_TIMEOUT + self.dice.between(0, HOUR);
                self.at(late, arrive(true));
            }
            // It arrives twice, and both are answered.
            15..=19 => {
                self.soon(SECOND, arrive(true));
                self.soon(10 * MINUTE, arrive(true));
            }
            _ => self.soon(SECOND, arrive(true)),
        }
    }

    fn arrive(&mut self, device: usize, tab: u32, ticket: u64, body: &str, answers: bool) {
        let result = if self.overloaded && !self.healed {
            let problem = Problem::new(Code::Overloaded, "busy").retry_after(2);
            TransportResult::Answer {
                status: problem.status,
                retry_after_s: problem.retry_after,
                body: serde_json::to_string(&problem).unwrap_or_default(),
            }
        } else {
            let request: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let result = self.server.answer(body, self.now);
            if let TransportResult::Answer { status: 200, body, .. } = &result {
                let response: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
                let pairs = request["batches"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .zip(response["answers"].as_array().into_iter().flatten());
                for (jws, answer) in pairs {
                    if answer["status"] != "refused" {
                        self.held.insert(Hash::of(jws.as_str().unwrap_or_default().as_bytes()));
                    }
                }
            }
            result
        };
        if answers {
            self.soon(SECOND, Action::Response { device, tab, ticket, result });
        }
    }

    /// All faults end: what the devices still hold goes to the server.
    fn heal(&mut self) {
        self.healed = true;
        self.now += DAY;
        for device in 0..self.devices.len() {
            self.close_all(device);
            (self.devices[device].network, self.devices[device].disk_works) = (true, true);
            for listener in 0..self.devices[device].listeners {
                self.devices[device].listener = listener;
                self.drain(device);
            }
        }
        // One more play, of a device that nobody knew: the last thing that the server hears of.
        let number = self.devices.len();
        let mut dice = self.dice.split();
        self.devices.push(Device::new(number, &mut dice));
        let tab = self.open(number);
        self.start(number, tab, 1, Uuid::from_u128(u128::MAX));
        let place = self.devices[number].find(tab).unwrap_or(0);
        self.devices[number].tabs[place].tracks = 0;
        self.run_until(self.now + DAY);
        self.drain(number);
    }

    fn drain(&mut self, device: usize) {
        self.close_all(device);
        let tab = self.open(device);
        for _ in 0..100 {
            self.run_until(self.now + 10 * MINUTE);
            let Some(place) = self.devices[device].find(tab) else { return };
            let status = self.devices[device].tabs[place].core.status();
            if status.events + status.batches == 0 || status.halted {
                break;
            }
            self.give(device, tab, Input::Flush);
        }
    }

    fn outcome(mut self) -> Outcome {
        let mut told = 0;
        let (mut chains, batches) = (BTreeMap::new(), self.server.batches());
        for Batch { device, seq, events, dropped, .. } in batches.iter().map(|(_, batch)| batch) {
            told += dropped.iter().map(|dropped| dropped.events).sum::<u64>();
            if chains.insert((*device, *seq), events.len()).is_some() {
                self.findings.push(format!("batch {seq} of {device} is kept twice"));
            }
        }
        for device in &self.devices {
            told += untold(device);
            let waits: Vec<&String> = device.disk.keys().filter(|key| *key != "state").collect();
            if !waits.is_empty() {
                let status = device.tabs.first().map(|tab| tab.core.status());
                self.findings.push(format!("device {} still holds {waits:?}: {status:?}", device.number));
            }
        }
        if told < self.oracle.given_up {
            let given_up = self.oracle.given_up;
            self.findings.push(format!("{given_up} events were given up, {told} are told of"));
        }
        let tally = self.oracle.settle(&self.server.verdicts(), &mut self.findings);
        let counted = self.server.counted();
        if counted != tally.plays {
            self.findings.push(format!("{} plays count, the projection says {counted}", tally.plays));
        }
        Outcome { tally, counted, findings: self.findings }
    }
}

/// How many events a device has given up that no batch has told of yet.
fn untold(device: &Device) -> u64 {
    let state = device.disk.get("state").map(String::as_str).unwrap_or_default();
    let state: serde_json::Value = serde_json::from_str(state).unwrap_or_default();
    let untold = state["dropped"].as_object().into_iter().flatten();
    let waits = device.disk.iter().filter(|(key, _)| key.starts_with("batch/"));
    untold.filter_map(|(_, events)| events.as_u64()).sum::<u64>()
        + waits.map(|(_, record)| told_by(record)).sum::<u64>()
}

/// How many events a stored batch tells of having been given up.
fn told_by(record: &str) -> u64 {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    let dropped = record["dropped"].as_array().into_iter().flatten();
    dropped.filter_map(|dropped| dropped["events"].as_u64()).sum()
}

fn plan_kind(at: u64) -> u64 {
    Dice::new(at).between(0, 17)
}
