//! What goes wrong.

use super::super::device::Disk;
use super::super::dice::Dice;
use super::ending::{told_by, untold};
use super::{Action, DAY, HOUR, MINUTE, SECOND, World};
use delistening_sdk_core::Input;

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Network(bool),
    Disk(Disk),
    Clock,
    Crash,
    KeyLost,
    Evicted,
    Damaged,
    OtherListener,
    Restart,
    Overload(bool),
}

impl World {
    pub(super) fn plan_fault(&mut self, device: usize, at: u64) {
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
            kind @ 4..=5 => {
                plan(at, Fault::Disk(if kind == 4 { Disk::Full } else { Disk::Broken }));
                plan(at + lasts, Fault::Disk(Disk::Works));
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

    pub(super) fn fault(&mut self, device: usize, fault: Fault) {
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
            Fault::Disk(is) => self.devices[device].disk_is = is,
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
    pub(super) fn damage(&mut self, device: usize) {
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

    pub(super) fn close_all(&mut self, device: usize) {
        let tabs: Vec<u32> = self.devices[device].tabs.iter().map(|tab| tab.id).collect();
        for tab in tabs {
            self.close(device, tab, true);
        }
        while let Some(write) = self.devices[device].writes.pop_front() {
            self.wrote(device, write);
        }
    }
}

fn plan_kind(at: u64) -> u64 {
    Dice::new(at).between(0, 17)
}
