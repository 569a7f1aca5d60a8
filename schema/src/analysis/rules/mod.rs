//! The rules of version 1, each with the figures it fires at. Never changed once they were used: a change is a new
//! version.

mod chain;
mod habits;
mod identity;
mod pace;
mod session;
#[cfg(test)]
mod support;
mod time;

pub(crate) use chain::OF_GAPS;

use super::{Rule, Scope, Signal, Trace};
use std::borrow::Cow;
use std::fmt;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

type Mark<'a> = &'a mut dyn FnMut(usize);

/// A rule as a function.
struct BuiltIn {
    code: &'static str,
    weight: i32,
    scope: Scope,
    text: &'static str,
    examine: fn(&[&Trace], Mark<'_>),
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BuiltIn").field(&self.code).field(&self.scope).finish()
    }
}

impl Rule for BuiltIn {
    fn signal(&self) -> Signal {
        Signal { code: Cow::Borrowed(self.code), weight: self.weight, text: Cow::Borrowed(self.text) }
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn examine(&self, plays: &[&Trace], mark: Mark<'_>) {
        (self.examine)(plays, mark);
    }
}

/// All of version 1.
pub(super) fn v1() -> Vec<Box<dyn Rule>> {
    let all = [session::RULES, chain::RULES, time::RULES, identity::RULES, pace::RULES, habits::RULES];
    all.into_iter().flatten().map(|rule| Box::new(BuiltIn { ..*rule }) as Box<dyn Rule>).collect()
}

/// Marks each play by itself.
fn each(plays: &[&Trace], mark: Mark<'_>, suspects: impl Fn(&Trace) -> bool) {
    (0..plays.len()).filter(|&place| suspects(plays[place])).for_each(mark);
}

/// Marks every play of each stretch of `length_ms` (counted from the begin of a play) that `suspects`. `places` are of
/// plays in the order of their begin.
fn windows(
    plays: &[&Trace],
    places: &[usize],
    length_ms: u64,
    mark: Mark<'_>,
    mut suspects: impl FnMut(&[usize]) -> bool,
) {
    let mut marked = 0;
    let mut end = 0;
    for first in 0..places.len() {
        let until = plays[places[first]].begin.saturating_add(length_ms);
        end = end.max(first);
        while end < places.len() && plays[places[end]].begin < until {
            end += 1;
        }
        if suspects(&places[first..end]) {
            for &place in &places[marked.max(first)..end] {
                mark(place);
            }
            marked = end;
        }
    }
}

/// The places of the plays that count by the play rule.
fn counted(plays: &[&Trace]) -> Vec<usize> {
    (0..plays.len()).filter(|&place| plays[place].counts()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_guide_has_every_signal_with_its_weight() {
        let guide = include_str!("../../../../docs/guides/plays.md");
        let told: BTreeSet<&str> = guide.lines().filter(|line| line.starts_with("| `")).collect();
        for Signal { code, weight, .. } in v1().iter().map(|rule| rule.signal()) {
            let begin = format!("| `{code}` | {weight} | ");
            assert!(told.iter().any(|line| line.starts_with(&begin)), "{begin}");
        }
    }
}
