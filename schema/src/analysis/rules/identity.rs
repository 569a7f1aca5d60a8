//! Who listens on what.

use super::{BuiltIn, DAY_MS, Mark, windows};
use crate::analysis::{Scope, Trace};
use std::collections::BTreeSet;

const LISTENERS: usize = 8;
const DEVICES: usize = 12;

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: "device_of_many",
        weight: 100,
        scope: Scope::Device,
        text: "Within 24 hours the device played for 8 or more listeners.",
        examine: device_of_many,
    },
    BuiltIn {
        code: "listener_on_many",
        weight: 100,
        scope: Scope::Listener,
        text: "Within 24 hours the listener played on 12 or more devices.",
        examine: listener_on_many,
    },
];

fn device_of_many(plays: &[&Trace], mark: Mark<'_>) {
    differing(plays, LISTENERS, mark, |play| &play.listener);
}

fn listener_on_many(plays: &[&Trace], mark: Mark<'_>) {
    differing(plays, DEVICES, mark, |play| &play.device);
}

/// Marks what lies in days with `least` or more different values.
fn differing<'a, T: Ord>(plays: &[&'a Trace], least: usize, mark: Mark<'_>, of: impl Fn(&'a Trace) -> T) {
    // Most groups have few in all: nothing more to look at.
    let all: BTreeSet<T> = plays.iter().map(|play| of(play)).collect();
    if all.len() < least {
        return;
    }
    let places: Vec<usize> = (0..plays.len()).collect();
    windows(plays, &places, DAY_MS, mark, |window| {
        let mut seen = BTreeSet::new();
        window.iter().any(|&place| {
            seen.insert(of(plays[place]));
            seen.len() >= least
        })
    });
}

#[cfg(test)]
mod tests {
    use super::super::support::{HOUR, MINUTE, device, marked, play, row};
    use super::*;

    #[test]
    fn a_family_shares_a_device_and_a_farm_does_too() {
        let of = |listeners: u64| {
            row(60, 10 * MINUTE, move |number, at| Trace {
                listener: format!("listener-{}", number % listeners),
                ..play(number, at)
            })
        };
        assert_eq!(marked("device_of_many", Scope::Device, &of(6)), 0, "a family of six");
        assert_eq!(marked("device_of_many", Scope::Device, &of(10)), 60);
    }

    #[test]
    fn many_devices_in_a_day_are_not_one_person() {
        let on = |devices: u64, every| {
            row(60, every, move |number, at| Trace {
                device: device(u8::try_from(number % devices).unwrap()),
                ..play(number, at)
            })
        };
        assert_eq!(
            marked("listener_on_many", Scope::Listener, &on(8, 10 * MINUTE)),
            0,
            "a phone, and private windows"
        );
        assert_eq!(marked("listener_on_many", Scope::Listener, &on(20, 10 * MINUTE)), 60);
        assert_eq!(marked("listener_on_many", Scope::Listener, &on(20, 12 * HOUR)), 0, "spread over weeks");
    }
}
