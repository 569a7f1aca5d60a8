//! What this operator knows: data centres, in which nobody listens, and a lobby whose music never stops.

use delistening_ingest::intake::{Enricher, Visit};
use delistening_schema::IntakeContext;
use delistening_schema::analysis::{Analysis, Rule, Scope, Signal, Trace};

/// The version of this operator's analysis. Another one whenever a rule changes.
const VERSION: u32 = 1_001;

/// Version 1 with the rules below. Whoever audits the log needs the same.
pub fn analysis() -> Analysis {
    let own: [Box<dyn Rule>; 2] = [Box::new(FromDataCentre), Box::new(Lobby)];
    Analysis::v1().with(VERSION, own)
}

/// Labels requests from autonomous systems that are data centres. Asked after the database that tells the system.
#[derive(Debug)]
pub struct DataCentres(pub Vec<u32>);

impl Enricher for DataCentres {
    fn enrich(&self, _: &Visit<'_>, context: &mut IntakeContext) {
        if context.asn.is_some_and(|asn| self.0.contains(&asn)) {
            context.labels.insert("own.network".to_owned(), "data_centre".to_owned());
        }
    }
}

/// A play that came from a data centre.
#[derive(Debug)]
struct FromDataCentre;

impl Rule for FromDataCentre {
    fn signal(&self) -> Signal {
        Signal {
            code: "own.data_centre".into(),
            weight: 60,
            text: "Its first batch came from a network labelled as a data centre.".into(),
        }
    }

    fn scope(&self) -> Scope {
        Scope::Session
    }

    fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize)) {
        let labelled =
            |play: &Trace| play.context.labels.get("own.network").is_some_and(|kind| kind == "data_centre");
        (0..plays.len()).filter(|&place| labelled(plays[place])).for_each(mark);
    }
}

/// Excuses what would be suspect by itself, of a listener that is known to be a lobby.
#[derive(Debug)]
struct Lobby;

impl Rule for Lobby {
    fn signal(&self) -> Signal {
        Signal {
            code: "own.lobby".into(),
            weight: -100,
            text:
                "It is of a listener whose name begins with \"lobby-\": music that never stops is expected."
                    .into(),
        }
    }

    fn scope(&self) -> Scope {
        Scope::Listener
    }

    fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize)) {
        (0..plays.len()).filter(|&place| plays[place].listener.starts_with("lobby-")).for_each(mark);
    }
}
