//! How fast plays come.

use super::{BuiltIn, HOUR_MS, Mark, counted, windows};
use crate::analysis::{Scope, Trace};
use crate::key::DeviceId;
use std::collections::BTreeMap;

const DEVICE_AN_HOUR: usize = 75;
const LISTENER_AN_HOUR: usize = 120;
const FARM_DEVICES: usize = 25;
const FARM_PLAYS_EACH: usize = 15;

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: "device_burst",
        weight: 100,
        scope: Scope::Device,
        text: "Within an hour 75 or more sessions of the device would count.",
        examine: device_burst,
    },
    BuiltIn {
        code: "listener_burst",
        weight: 100,
        scope: Scope::Listener,
        text: "Within an hour 120 or more sessions of the listener would count.",
        examine: listener_burst,
    },
    BuiltIn {
        code: "network_burst",
        weight: 100,
        scope: Scope::Network,
        text: "Within a day 25 or more devices on the network each had 15 or more sessions with the artist that would \
               count.",
        examine: network_burst,
    },
];

fn burst(plays: &[&Trace], least: usize, mark: Mark<'_>) {
    windows(plays, &counted(plays), HOUR_MS, mark, |window| window.len() >= least);
}

fn device_burst(plays: &[&Trace], mark: Mark<'_>) {
    burst(plays, DEVICE_AN_HOUR, mark);
}

fn listener_burst(plays: &[&Trace], mark: Mark<'_>) {
    burst(plays, LISTENER_AN_HOUR, mark);
}

fn network_burst(plays: &[&Trace], mark: Mark<'_>) {
    let mut devices: BTreeMap<DeviceId, Vec<usize>> = BTreeMap::new();
    for place in counted(plays) {
        devices.entry(plays[place].device).or_default().push(place);
    }
    devices.retain(|_, places| places.len() >= FARM_PLAYS_EACH);
    if devices.len() >= FARM_DEVICES {
        devices.into_values().flatten().for_each(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{HOUR, MINUTE, SECOND, device, lasting, marked, play, row};
    use super::*;

    #[test]
    fn nobody_hears_a_new_track_every_half_minute_for_an_hour() {
        let machine = row(200, 33 * SECOND, |number, at| lasting(number, at, 31 * SECOND));
        assert_eq!(marked("device_burst", Scope::Device, &machine), 200);
        let skipper = row(200, 40 * SECOND, |number, at| {
            lasting(number, at, if number % 4 == 0 { 35 } else { 20 } * SECOND)
        });
        assert_eq!(marked("device_burst", Scope::Device, &skipper), 0, "one who looks for something");
        let nursery = row(60, MINUTE, |number, at| lasting(number, at, 55 * SECOND));
        assert_eq!(marked("device_burst", Scope::Device, &nursery), 0, "short songs for children");
    }

    #[test]
    fn a_family_on_one_account_is_no_burst() {
        let on = |devices: u64| {
            row(400, 3 * MINUTE / devices, move |number, at| Trace {
                device: device(u8::try_from(number % devices).unwrap()),
                ..play(number, at)
            })
        };
        assert_eq!(marked("listener_burst", Scope::Listener, &on(5)), 0);
        assert_eq!(marked("listener_burst", Scope::Listener, &on(9)), 400);
    }

    #[test]
    fn a_house_full_of_fans_is_no_farm() {
        let house = |devices: u64, each: u64| {
            (0..devices * each)
                .map(|number| Trace {
                    device: device(u8::try_from(number % devices).unwrap()),
                    ..play(number, number / devices * 4 * MINUTE + 10 * HOUR)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(marked("network_burst", Scope::Network, &house(60, 12)), 0, "an album on its first day");
        assert_eq!(marked("network_burst", Scope::Network, &house(12, 40)), 0, "a shared flat");
        assert_eq!(marked("network_burst", Scope::Network, &house(40, 60)), 40 * 60);
    }
}
