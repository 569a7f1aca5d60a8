//! How a world ends, and what is then right.

use super::super::device::{Device, Disk};
use super::{DAY, MINUTE, Outcome, World};
use delistening_schema::Batch;
use delistening_sdk_core::Input;
use std::collections::BTreeMap;
use uuid::Uuid;

impl World {
    /// All faults end: what the devices still hold goes to the server.
    pub(super) fn heal(&mut self) {
        self.healed = true;
        self.now += DAY;
        for device in 0..self.devices.len() {
            self.close_all(device);
            (self.devices[device].network, self.devices[device].disk_is) = (true, Disk::Works);
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

    pub(super) fn drain(&mut self, device: usize) {
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

    pub(super) fn outcome(mut self) -> Outcome {
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
pub(super) fn untold(device: &Device) -> u64 {
    let state = device.disk.get("state").map(String::as_str).unwrap_or_default();
    let state: serde_json::Value = serde_json::from_str(state).unwrap_or_default();
    let untold = state["dropped"].as_object().into_iter().flatten();
    let waits = device.disk.iter().filter(|(key, _)| key.starts_with("batch/"));
    untold.filter_map(|(_, events)| events.as_u64()).sum::<u64>()
        + waits.map(|(_, record)| told_by(record)).sum::<u64>()
}

/// How many events a stored batch tells of having been given up.
pub(super) fn told_by(record: &str) -> u64 {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    let dropped = record["dropped"].as_array().into_iter().flatten();
    dropped.filter_map(|dropped| dropped["events"].as_u64()).sum()
}
