//! What kind of client a request says it is. Coarse on purpose: the header itself is never kept.

/// `bot`, `tool`, `browser`, `app` or `other`, from a `User-Agent` header.
pub fn client_class(user_agent: Option<&str>) -> &'static str {
    let agent = user_agent.unwrap_or_default().to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| agent.contains(word));
    if has(&["bot", "spider", "crawl", "headless"]) {
        "bot"
    } else if has(&["curl/", "wget/", "python", "go-http", "node", "reqwest", "java/"]) {
        "tool"
    } else if has(&["mozilla/"]) {
        "browser"
    } else if has(&["delistening", "cfnetwork", "okhttp", "dalvik"]) {
        "app"
    } else {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_says_no_more_than_it_must() {
        for (agent, class) in [
            (None, "other"),
            (
                Some("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"),
                "browser",
            ),
            (Some("Mozilla/5.0 (compatible; SomeBot/1.0)"), "bot"),
            (Some("curl/8.1"), "tool"),
            (Some("okhttp/5.0"), "app"),
        ] {
            assert_eq!(client_class(agent), class, "{agent:?}");
        }
    }
}
