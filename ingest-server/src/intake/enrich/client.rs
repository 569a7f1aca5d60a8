//! What kind of client a request says it is, and on what it runs. Coarse on purpose: the header itself is never kept.

use super::{Enricher, Visit};
use delistening_schema::IntakeContext;

/// Parts of names by which crawlers and monitors make themselves known.
const BOTS: [&str; 18] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "archiver",
    "scraper",
    "facebookexternalhit",
    "embedly",
    "feedfetcher",
    "mediapartners",
    "lighthouse",
    "pagespeed",
    "pingdom",
    "uptime",
    "monitor",
    "statuscake",
    "preview",
    "scanner",
];
/// Names of devices that merely sound like it.
const NOT_BOTS: [&str; 1] = ["cubot"];
const HEADLESS: [&str; 5] = ["headless", "phantomjs", "slimerjs", "puppeteer", "playwright"];
const TOOLS: [&str; 10] = [
    "curl/",
    "wget/",
    "python",
    "go-http-client",
    "node",
    "axios/",
    "java/",
    "libwww-perl",
    "ruby",
    "postman",
];
const APPS: [&str; 5] = ["delistening", "cfnetwork", "okhttp", "dalvik", "reqwest"];
/// The first that is found names the platform: what runs Android also says Linux.
const PLATFORMS: [(&str, &str); 12] = [
    ("android", "android"),
    ("dalvik", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("cfnetwork", "ios"),
    ("tizen", "tv"),
    ("web0s", "tv"),
    ("windows", "windows"),
    ("cros ", "chromeos"),
    ("macintosh", "macos"),
    ("darwin", "macos"),
    ("linux", "linux"),
];

/// Tells `bot`, `headless`, `tool`, `app`, `browser` and `other` apart, and platforms.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// Parts of names that the operator knows as crawlers, in lower case.
    own_bots: Vec<String>,
}

impl Clients {
    /// With an operator's own list of crawlers: a part of a name on each line, `#` begins a comment.
    pub fn with_bots(list: &str) -> Self {
        let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_lowercase());
        Self { own_bots: lines.filter(|line| !line.is_empty()).collect() }
    }

    fn class(&self, agent: &str) -> &'static str {
        let has = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        let own = self.own_bots.iter().any(|word| agent.contains(word));
        if own || (has(&BOTS) && !has(&NOT_BOTS)) {
            "bot"
        } else if has(&HEADLESS) {
            "headless"
        } else if has(&TOOLS) {
            "tool"
        } else if has(&APPS) {
            "app"
        } else if has(&["mozilla/", "opera/"]) {
            "browser"
        } else {
            "other"
        }
    }
}

impl Enricher for Clients {
    fn enrich(&self, visit: &Visit<'_>, context: &mut IntakeContext) {
        let agent = visit.agent.unwrap_or_default().to_lowercase();
        self.class(&agent).clone_into(&mut context.client);
        let platform = PLATFORMS.iter().find(|(word, _)| agent.contains(word));
        context.platform = platform.map(|(_, platform)| (*platform).to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn said(clients: &Clients, agent: Option<&str>) -> (String, Option<String>) {
        let mut context = IntakeContext::default();
        clients.enrich(&Visit { address: Ipv4Addr::LOCALHOST.into(), agent, at: 0 }, &mut context);
        (context.client, context.platform)
    }

    #[test]
    fn the_class_says_no_more_than_it_must() {
        for (agent, class, platform) in [
            (None, "other", None),
            (
                Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"),
                "browser",
                Some("linux"),
            ),
            (
                Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/150.0 Safari/537.36"),
                "headless",
                Some("linux"),
            ),
            (
                Some("Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG) Chrome/150.0"),
                "browser",
                Some("android"),
            ),
            (Some("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari"), "browser", Some("ios")),
            (Some("Mozilla/5.0 (compatible; SomeBot/1.0)"), "bot", None),
            (Some("curl/8.1"), "tool", None),
            (Some("okhttp/5.0"), "app", None),
            (Some("Player/3 CFNetwork/1410 Darwin/22.6.0"), "app", Some("ios")),
        ] {
            let (found, on) = said(&Clients::default(), agent);
            assert_eq!((found.as_str(), on.as_deref()), (class, platform), "{agent:?}");
        }
    }

    #[test]
    fn an_operator_knows_more_crawlers() {
        let clients = Clients::with_bots("# ours\nOurProbe   # from the office\n\n");
        assert_eq!(said(&clients, Some("Mozilla/5.0 OurProbe/2")).0, "bot");
        assert_eq!(said(&Clients::default(), Some("Mozilla/5.0 OurProbe/2")).0, "browser");
    }
}
