-- Counts, of all plays, of each track and of each artist: by day, by hour, and by quarter of an hour, the finest step in
-- which the time zones of today differ. Everything is a sum, so that a changed verdict is a row that takes away and one
-- that adds. A listener is counted where the sum of their valid plays is above zero; one whose sum does not change has no row.
--
-- Partitioned by month, since most is asked of the last one. A device can claim to have played at any time in the past, and
-- an insert should not make a part for each month since 1970: what is older than this program is one partition. One to which
-- nothing was added for a day is merged into one part.
--
-- What is read for each row of a long list weighs most: names and times are packed so that they are unpacked fast, which
-- takes little more room, since they stand in order. The most played of all time have a table of their own, in one partition:
-- a row for each name and not for each month. The projection `of_all` is sums over each part, made anew when parts are merged,
-- for what is asked of all plays without a filter.

CREATE TABLE IF NOT EXISTS plays_by_day (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    valid Int64 CODEC(T64, ZSTD),
    short Int64 CODEC(T64, ZSTD),
    muted Int64 CODEC(T64, ZSTD),
    suspect Int64 CODEC(T64, ZSTD),
    invalid Int64 CODEC(T64, ZSTD),
    heard_ms Int64 COMMENT 'in valid plays' CODEC(T64, ZSTD),
    PROJECTION of_all (
        SELECT of, since, sum(valid), sum(short), sum(muted), sum(suspect), sum(invalid), sum(heard_ms)
        GROUP BY of, since
    )
)
ENGINE = SummingMergeTree((valid, short, muted, suspect, invalid, heard_ms))
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1, deduplicate_merge_projection_mode = 'rebuild';

CREATE MATERIALIZED VIEW IF NOT EXISTS plays_by_day_feed TO plays_by_day AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfDay(at, 'UTC') AS since, country, platform, source, offline,
    sum(sign * (status = 'valid')) AS valid,
    sum(sign * (status = 'short')) AS short,
    sum(sign * (status = 'muted')) AS muted,
    sum(sign * (status = 'suspect')) AS suspect,
    sum(sign * (status = 'invalid')) AS invalid,
    sum(sign * (status = 'valid') * toInt64(heard_ms)) AS heard_ms
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
GROUP BY of, id, since, country, platform, source, offline;

CREATE TABLE IF NOT EXISTS plays_of_all_time (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    valid Int64 CODEC(T64, ZSTD),
    short Int64 CODEC(T64, ZSTD),
    muted Int64 CODEC(T64, ZSTD),
    suspect Int64 CODEC(T64, ZSTD),
    invalid Int64 CODEC(T64, ZSTD),
    heard_ms Int64 COMMENT 'in valid plays' CODEC(T64, ZSTD)
)
ENGINE = SummingMergeTree((valid, short, muted, suspect, invalid, heard_ms))
ORDER BY (of, id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS plays_of_all_time_feed TO plays_of_all_time AS
SELECT of, id, sum(valid) AS valid, sum(short) AS short, sum(muted) AS muted, sum(suspect) AS suspect,
    sum(invalid) AS invalid, sum(heard_ms) AS heard_ms
FROM plays_by_day
GROUP BY of, id;

CREATE TABLE IF NOT EXISTS listeners_by_day (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    listener UInt64 COMMENT 'hash of the pseudonym',
    valid Int64 CODEC(T64, ZSTD)
)
ENGINE = SummingMergeTree(valid)
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline, listener)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS listeners_by_day_feed TO listeners_by_day AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfDay(at, 'UTC') AS since, country, platform, source, offline,
    sipHash64(listener) AS listener, sum(sign) AS valid
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
WHERE status = 'valid'
GROUP BY of, id, since, country, platform, source, offline, listener
HAVING valid != 0;

CREATE TABLE IF NOT EXISTS plays_by_hour (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    valid Int64 CODEC(T64, ZSTD),
    short Int64 CODEC(T64, ZSTD),
    muted Int64 CODEC(T64, ZSTD),
    suspect Int64 CODEC(T64, ZSTD),
    invalid Int64 CODEC(T64, ZSTD),
    heard_ms Int64 COMMENT 'in valid plays' CODEC(T64, ZSTD),
    PROJECTION of_all (
        SELECT of, since, sum(valid), sum(short), sum(muted), sum(suspect), sum(invalid), sum(heard_ms)
        GROUP BY of, since
    )
)
ENGINE = SummingMergeTree((valid, short, muted, suspect, invalid, heard_ms))
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1, deduplicate_merge_projection_mode = 'rebuild';

CREATE MATERIALIZED VIEW IF NOT EXISTS plays_by_hour_feed TO plays_by_hour AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfHour(at, 'UTC') AS since, country, platform, source, offline,
    sum(sign * (status = 'valid')) AS valid,
    sum(sign * (status = 'short')) AS short,
    sum(sign * (status = 'muted')) AS muted,
    sum(sign * (status = 'suspect')) AS suspect,
    sum(sign * (status = 'invalid')) AS invalid,
    sum(sign * (status = 'valid') * toInt64(heard_ms)) AS heard_ms
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
GROUP BY of, id, since, country, platform, source, offline;

CREATE TABLE IF NOT EXISTS listeners_by_hour (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    listener UInt64 COMMENT 'hash of the pseudonym',
    valid Int64 CODEC(T64, ZSTD)
)
ENGINE = SummingMergeTree(valid)
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline, listener)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS listeners_by_hour_feed TO listeners_by_hour AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfHour(at, 'UTC') AS since, country, platform, source, offline,
    sipHash64(listener) AS listener, sum(sign) AS valid
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
WHERE status = 'valid'
GROUP BY of, id, since, country, platform, source, offline, listener
HAVING valid != 0;

CREATE TABLE IF NOT EXISTS plays_by_quarter_hour (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    valid Int64 CODEC(T64, ZSTD),
    short Int64 CODEC(T64, ZSTD),
    muted Int64 CODEC(T64, ZSTD),
    suspect Int64 CODEC(T64, ZSTD),
    invalid Int64 CODEC(T64, ZSTD),
    heard_ms Int64 COMMENT 'in valid plays' CODEC(T64, ZSTD),
    PROJECTION of_all (
        SELECT of, since, sum(valid), sum(short), sum(muted), sum(suspect), sum(invalid), sum(heard_ms)
        GROUP BY of, since
    )
)
ENGINE = SummingMergeTree((valid, short, muted, suspect, invalid, heard_ms))
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1, deduplicate_merge_projection_mode = 'rebuild';

CREATE MATERIALIZED VIEW IF NOT EXISTS plays_by_quarter_hour_feed TO plays_by_quarter_hour AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfFifteenMinutes(at, 'UTC') AS since, country, platform, source, offline,
    sum(sign * (status = 'valid')) AS valid,
    sum(sign * (status = 'short')) AS short,
    sum(sign * (status = 'muted')) AS muted,
    sum(sign * (status = 'suspect')) AS suspect,
    sum(sign * (status = 'invalid')) AS invalid,
    sum(sign * (status = 'valid') * toInt64(heard_ms)) AS heard_ms
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
GROUP BY of, id, since, country, platform, source, offline;

CREATE TABLE IF NOT EXISTS listeners_by_quarter_hour (
    of LowCardinality(String) COMMENT 'all, track or artist',
    id String COMMENT 'of the track or artist' CODEC(LZ4),
    since DateTime('UTC') CODEC(LZ4),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    listener UInt64 COMMENT 'hash of the pseudonym',
    valid Int64 CODEC(T64, ZSTD)
)
ENGINE = SummingMergeTree(valid)
PARTITION BY toYYYYMM(greatest(since, toDateTime('2025-01-01 00:00:00', 'UTC')))
ORDER BY (of, id, since, country, platform, source, offline, listener)
SETTINGS non_replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS listeners_by_quarter_hour_feed TO listeners_by_quarter_hour AS
SELECT subject.1 AS of, subject.2 AS id, toStartOfFifteenMinutes(at, 'UTC') AS since, country, platform, source, offline,
    sipHash64(listener) AS listener, sum(sign) AS valid
FROM play_changes
ARRAY JOIN arrayFilter(s -> s.1 = 'all' OR s.2 != '', [('all', ''), ('track', track), ('artist', artist)]) AS subject
WHERE status = 'valid'
GROUP BY of, id, since, country, platform, source, offline, listener
HAVING valid != 0;
