//! What shows in a session by itself.

use super::{BuiltIn, Mark, each};
use crate::analysis::{Scope, Trace};

/// In percent of the time that passed; two tabs at once may well need twice of it.
const MORE_THAN_TIME: u64 = 220;
const OUTSIDE_MS: u64 = 2 * 60 * 60 * 1000;

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: "more_than_time",
        weight: 100,
        scope: Scope::Session,
        text: "What a batch tells of took more than 2.2 times the time between the signed times around it, with a leeway \
               of a minute.",
        examine: more_than_time,
    },
    BuiltIn {
        code: "outside_signed_times",
        weight: 100,
        scope: Scope::Session,
        text: "Its times lie more than 2 hours outside of the signed times around it, after a clock that is wrong \
               throughout was set right.",
        examine: outside_signed_times,
    },
    BuiltIn {
        code: "automated_client",
        weight: 100,
        scope: Scope::Session,
        text: "The client says that it is a crawler, or a browser without a screen.",
        examine: automated_client,
    },
    BuiltIn {
        code: "scripted_client",
        weight: 40,
        scope: Scope::Session,
        text: "The client says that it is a tool or library for scripts rather than a browser or an app.",
        examine: scripted_client,
    },
];

fn more_than_time(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, |play| play.crowded_percent > MORE_THAN_TIME);
}

fn outside_signed_times(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, |play| play.outside_ms > OUTSIDE_MS);
}

fn automated_client(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, |play| ["bot", "headless"].contains(&play.context.client.as_str()));
}

fn scripted_client(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, |play| play.context.client == "tool");
}

#[cfg(test)]
mod tests {
    use super::super::support::{HOUR, MINUTE, marked, play};
    use super::*;

    #[test]
    fn a_batch_cannot_hold_more_than_the_time_that_passed() {
        let crowded = |percent| Trace { crowded_percent: percent, ..play(1, 0) };
        assert_eq!(marked("more_than_time", Scope::Session, &[crowded(400)]), 1);
        assert_eq!(marked("more_than_time", Scope::Session, &[crowded(200)]), 0, "two tabs at once");
    }

    #[test]
    fn offline_plays_lie_between_the_signed_times() {
        let outside = |ms| Trace { outside_ms: ms, ..play(1, 0) };
        assert_eq!(marked("outside_signed_times", Scope::Session, &[outside(24 * HOUR)]), 1);
        assert_eq!(
            marked("outside_signed_times", Scope::Session, &[outside(40 * MINUTE)]),
            0,
            "a clock that was set"
        );
    }

    #[test]
    fn clients_are_known_by_what_they_say() {
        let says = |client: &str| {
            let mut play = play(1, 0);
            client.clone_into(&mut play.context.client);
            [play]
        };
        for (client, automated, scripted) in [
            ("bot", 1, 0),
            ("headless", 1, 0),
            ("tool", 0, 1),
            ("browser", 0, 0),
            ("app", 0, 0),
            ("other", 0, 0),
        ] {
            assert_eq!(marked("automated_client", Scope::Session, &says(client)), automated, "{client}");
            assert_eq!(marked("scripted_client", Scope::Session, &says(client)), scripted, "{client}");
        }
    }
}
