//! What a device does for its cores: storage, timers, and which tab leads.

use super::super::device::Write;
use super::{Action, SECOND, World};
use delistening_schema::Hash;
use delistening_sdk_core::{Input, Notice, Output, Record};

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

impl World {
    pub(super) fn open(&mut self, device: usize) -> u32 {
        let tab = self.devices[device].open_tab(self.now, &mut self.dice);
        let public = self.devices[device].key().public().to_bytes();
        self.give(device, tab, Input::Key { public });
        self.give(device, tab, Input::Online(self.devices[device].network));
        self.soon(SECOND, Action::Elect { device });
        tab
    }

    /// Where nobody leads, the oldest tab reads the disk in order to.
    pub(super) fn elect(&mut self, device: usize) {
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

    pub(super) fn tell_all(&mut self, device: usize, input: &Input) {
        let tabs: Vec<u32> = self.devices[device].tabs.iter().map(|tab| tab.id).collect();
        for tab in tabs {
            self.give(device, tab, input.clone());
        }
    }

    pub(super) fn wake(&mut self, device: usize, tab: u32) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let due = &mut self.devices[device].tabs[place].wake;
        if due.is_some_and(|at| at <= self.now) {
            *due = None;
            self.give(device, tab, Input::Tick);
        }
    }

    /// Gives a core an input, and begins what it then asks for.
    pub(super) fn give(&mut self, device: usize, tab: u32, input: Input) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let now = self.devices[device].now(self.now, self.devices[device].tabs[place].born);
        let core = &mut self.devices[device].tabs[place].core;
        core.handle(now, input);
        for output in core.take_outputs() {
            self.obey(device, tab, output);
        }
    }

    pub(super) fn obey(&mut self, device: usize, tab: u32, output: Output) {
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

    pub(super) fn wrote(&mut self, device: usize, write: Write) {
        let Write { tab, ticket, puts, deletes } = write;
        let ok = self.devices[device].disk_is.takes(&puts);
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
    pub(super) fn holds(&self, record: &str) -> bool {
        let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
        record["jws"].as_str().is_none_or(|jws| self.held.contains(&Hash::of(jws.as_bytes())))
    }
}
