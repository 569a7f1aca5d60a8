//! Where hours, days, weeks and months begin in a time zone.

use super::query::STEP_MS;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// An hour of the zone's clock.
    Hour,
    /// A day from midnight to midnight; not always 24 hours.
    Day,
    /// A week from Monday to Sunday (ISO 8601).
    Week,
    /// A month of the calendar.
    Month,
}

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name in the IANA time zone database; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        // What the library would also take, such as POSIX rules, is not a name.
        TimeZone::get(name).ok().map(Self)
    }
}

/// The bounds of the buckets from `from` to `to` (milliseconds since 1970), at most `most` buckets. The first one
/// begins at `from` and the last one ends at `to`, also within a bucket of the calendar.
pub fn bounds(bucket: Bucket, zone: &Zone, from: u64, to: u64, most: usize) -> Vec<u64> {
    let mut bounds = vec![from];
    let mut at = from;
    while bounds.len() <= most && at < to {
        at = next(bucket, zone, at).unwrap_or(to).clamp(at + STEP_MS, to.max(at + STEP_MS)).min(to);
        bounds.push(at);
    }
    bounds
}

/// When the bucket after the one that `at` is in begins; `None` past the end of the calendar.
fn next(bucket: Bucket, Zone(zone): &Zone, at: u64) -> Option<u64> {
    let now = zone.to_datetime(Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()?);
    let begin = match bucket {
        // An hour has the same length on every clock; only where it begins differs.
        Bucket::Hour => return Some(at + HOUR_MS - past_the_hour(now)),
        Bucket::Day => now.date().tomorrow().ok()?,
        Bucket::Week => now.date().nth_weekday(1, Weekday::Monday).ok()?,
        Bucket::Month => now.date().last_of_month().tomorrow().ok()?,
    };
    // The first moment of that day, which is not midnight where clocks go forward then.
    let first = zone.to_timestamp(DateTime::from_parts(begin, Time::midnight())).ok()?;
    u64::try_from(first.as_millisecond()).ok()
}

fn past_the_hour(now: DateTime) -> u64 {
    let seconds = u64::try_from(i64::from(now.minute()) * 60 + i64::from(now.second())).unwrap_or_default();
    seconds * 1000 + u64::try_from(now.millisecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> u64 {
        u64::try_from(text.parse::<Timestamp>().unwrap().as_millisecond()).unwrap()
    }

    fn begins(bucket: Bucket, zone: &str, from: &str, to: &str) -> Vec<String> {
        let zone = Zone::named(zone).unwrap();
        let bounds = bounds(bucket, &zone, at(from), at(to), 1000);
        let text = |ms: u64| Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().to_string();
        bounds.into_iter().map(text).collect()
    }

    #[test]
    fn calendars_decide_where_buckets_begin() {
        let cases: [(Bucket, &str, &[&str]); 7] = [
            // Clocks go forward in the night to the 29th: that day has 23 hours.
            (
                Bucket::Day,
                "Europe/Berlin",
                &[
                    "2026-03-27T23:00:00Z",
                    "2026-03-28T23:00:00Z",
                    "2026-03-29T22:00:00Z",
                    "2026-03-30T22:00:00Z",
                ],
            ),
            (
                Bucket::Day,
                "Asia/Kolkata",
                &["2026-05-01T18:30:00Z", "2026-05-02T18:30:00Z", "2026-05-03T18:30:00Z"],
            ),
            (
                Bucket::Hour,
                "Asia/Kathmandu",
                &["2026-05-01T00:00:00Z", "2026-05-01T00:15:00Z", "2026-05-01T01:15:00Z"],
            ),
            // The day begins at 01:00, for there is no midnight.
            (
                Bucket::Day,
                "Africa/Cairo",
                &["2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"],
            ),
            (Bucket::Week, "UTC", &["2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"]),
            (Bucket::Month, "UTC", &["2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"]),
            (
                Bucket::Month,
                "America/New_York",
                &["2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"],
            ),
        ];
        for (bucket, zone, expected) in cases {
            assert_eq!(
                begins(bucket, zone, expected[0], expected.last().unwrap()),
                expected,
                "{bucket:?} {zone}"
            );
        }
    }

    #[test]
    fn a_page_has_as_many_buckets_as_were_asked_for() {
        let zone = Zone::named("UTC").unwrap();
        assert_eq!(bounds(Bucket::Hour, &zone, 0, 10 * HOUR_MS, 2), [0, HOUR_MS, 2 * HOUR_MS]);
        assert_eq!(bounds(Bucket::Hour, &zone, HOUR_MS / 2, HOUR_MS, 2), [HOUR_MS / 2, HOUR_MS]);
        assert_eq!(bounds(Bucket::Day, &zone, 0, 0, 2), [0]);
    }

    #[test]
    fn names_are_those_of_the_database() {
        for name in ["", "Mars/Base", "EST5EDT,M3.2.0,M11.1.0", "+01:00"] {
            assert!(Zone::named(name).is_none(), "{name}");
        }
        assert!(Zone::named("europe/berlin").is_some());
    }
}
