//! What looks like fraud: small pure rules, each with a weight, that see plays beside each other and mark those they
//! suspect.
//!
//! A [`Rule`] is shown all plays of one group, in the order of time, and nothing else: one session, or the sessions of a
//! device, of a listener, or of an artist on a network. What it marks is a function of that group alone, so that it does
//! not matter in which order anything arrived, and an auditor finds the same. The weights of the signals of a session
//! add up to its score; what would count is [`suspect`](crate::play::Status::Suspect) from [`THRESHOLD`] on. Nothing is
//! deleted.
//!
//! An [`Analysis`] is a version of the whole. Its text is entered in the log before its first use.

mod place;
mod rules;
mod trace;

pub use place::Place;
pub(crate) use rules::OF_GAPS;
pub use trace::Trace;

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// What would count is suspect from this score on.
pub const THRESHOLD: u32 = 100;
/// No rule is shown more plays than this at once. More plays of one device or listener in a week are more than anybody
/// can listen to, and are marked for that alone.
pub const MOST: usize = 4096;
/// Of an artist on a network more are looked at, as farms are large; of still more nothing is said, as a whole town may be
/// behind one address.
pub const MOST_OF_A_NETWORK: usize = 65_536;

/// Which plays a rule is shown together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One session by itself.
    Session,
    /// The sessions of a device in a week.
    Device,
    /// The sessions of a listener in a week, on all devices.
    Listener,
    /// The sessions with one artist (or one track, where the artist is not known) that came through one network on a day.
    Network,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Device => "device",
            Self::Listener => "listener",
            Self::Network => "network",
        }
    }
}

/// What a rule says when it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Stable, in `snake_case`; a rule of one's own begins it with a name of one's own and a dot.
    pub code: Cow<'static, str>,
    /// What it adds to the score; less than zero for a rule that excuses.
    pub weight: i32,
    /// When it fires, in a sentence, with its figures.
    pub text: Cow<'static, str>,
}

/// One rule.
pub trait Rule: fmt::Debug + Send + Sync {
    /// What it says.
    fn signal(&self) -> Signal;

    /// Which plays it is shown together.
    fn scope(&self) -> Scope;

    /// Marks the plays that it suspects, by their place in `plays`. `plays` are all of one group, in the order of their
    /// begin; the rule must depend on nothing else.
    fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize));
}

/// A version of the analysis: its rules.
#[derive(Debug)]
pub struct Analysis {
    version: u32,
    rules: Vec<Box<dyn Rule>>,
}

impl Analysis {
    /// Version 1, which is what runs unless an operator has rules of its own.
    pub fn v1() -> Self {
        Self { version: 1, rules: rules::v1() }
    }

    /// The same with rules of one's own, under a version of one's own. Whoever audits needs the same rules.
    #[must_use]
    pub fn with(mut self, version: u32, rules: impl IntoIterator<Item = Box<dyn Rule>>) -> Self {
        self.version = version;
        self.rules.extend(rules);
        self
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What it says, as it is entered in the log before its first use.
    pub fn text(&self) -> String {
        let mut text = format!(
            "A session that would count is suspect when the weights of its signals add up to {THRESHOLD} or more; each \
             signal adds once. A device's and a listener's sessions are seen together by weeks of UTC that begin on \
             Thursdays, those of an artist on a network by days. More than {MOST} sessions of a device or a listener in a \
             week are marked \"{FLOOD}\" ({FLOOD_WEIGHT}).\n"
        );
        for rule in &self.rules {
            let Signal { code, weight, text: says } = rule.signal();
            let _ = writeln!(text, "{code} ({weight}, {}): {says}", rule.scope().as_str());
        }
        text
    }

    /// The rules.
    pub fn rules(&self) -> impl Iterator<Item = &dyn Rule> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// The codes that each of `plays` is marked with, of the rules of `scope`.
    pub fn examine(&self, scope: Scope, plays: &[&Trace]) -> Vec<BTreeSet<String>> {
        let mut marks = vec![BTreeSet::new(); plays.len()];
        for rule in self.rules.iter().filter(|rule| rule.scope() == scope) {
            let code = rule.signal().code;
            rule.examine(plays, &mut |place| {
                if let Some(marks) = marks.get_mut(place) {
                    marks.insert(code.clone().into_owned());
                }
            });
        }
        marks
    }

    /// Which plays the rule with this code is shown together; `None` if there is no such rule.
    pub fn scope_of(&self, code: &str) -> Option<Scope> {
        if code == FLOOD {
            return Some(Scope::Device);
        }
        self.rules.iter().find(|rule| rule.signal().code == code).map(|rule| rule.scope())
    }

    /// The sum of the weights of signals.
    pub fn score<'a>(&self, signals: impl IntoIterator<Item = &'a str>) -> u32 {
        let weight = |code: &str| {
            let rule = self.rules.iter().map(|rule| rule.signal()).find(|signal| signal.code == code);
            rule.map_or(if code == FLOOD { FLOOD_WEIGHT } else { 0 }, |signal| signal.weight)
        };
        let sum = signals.into_iter().map(weight).fold(0_i32, i32::saturating_add);
        u32::try_from(sum).unwrap_or(0)
    }
}

/// The signal of a group with more plays than are looked at.
pub(crate) const FLOOD: &str = "flood";
const FLOOD_WEIGHT: i32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_every_signal_with_its_weight() {
        let analysis = Analysis::v1();
        let text = analysis.text();
        for rule in analysis.rules() {
            let signal = rule.signal();
            assert!(text.contains(&format!("{} ({}, ", signal.code, signal.weight)), "{}", signal.code);
            assert!(signal.text.ends_with('.') && signal.text.len() > 30, "{}", signal.code);
        }
        assert!(text.len() < crate::limits::ENTRY_BYTES / 2);
    }

    #[test]
    fn a_signal_weighs_once_and_an_excuse_never_goes_below_zero() {
        #[derive(Debug)]
        struct Known;
        impl Rule for Known {
            fn signal(&self) -> Signal {
                Signal { code: "own.known".into(), weight: -150, text: "A device that is known.".into() }
            }
            fn scope(&self) -> Scope {
                Scope::Device
            }
            fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize)) {
                (0..plays.len()).for_each(mark);
            }
        }
        let analysis = Analysis::v1().with(1_000, [Box::new(Known) as Box<dyn Rule>]);
        assert_eq!(analysis.version(), 1_000);
        assert_eq!(analysis.score(["flood"]), 100);
        assert_eq!(analysis.score(["overlap", "flood"]), 130);
        assert_eq!(analysis.score(["overlap", "flood", "own.known"]), 0);
        assert_eq!(analysis.score(["nobody.knows"]), 0);
        assert!(analysis.text().contains("own.known (-150, device)"));
    }
}
