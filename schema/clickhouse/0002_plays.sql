-- How the worth of sessions changes: what holds from now on with sign 1, what held before with sign -1. Nothing is kept
-- here; the views below carry it on. A block that is sent again is recognised by its token in each of them.
CREATE TABLE IF NOT EXISTS play_changes (
    sign Int8,
    removed UInt8 COMMENT '1 where nothing holds any more: the session was erased, or another node counts it',
    version UInt64 COMMENT 'grows with every change by one node',
    node LowCardinality(String) COMMENT 'origin of the log of the node that judged',
    device FixedString(32),
    session UUID,
    listener String,
    track String,
    artist String COMMENT 'empty if unknown',
    at DateTime64(3, 'UTC') COMMENT 'when the session began',
    status LowCardinality(String) COMMENT 'valid, short, muted, suspect or invalid',
    heard_ms UInt64 COMMENT 'media time heard, each instant once',
    played_ms UInt64 COMMENT 'media time heard, repeats included',
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String) COMMENT 'what led to the play',
    offline UInt8,
    play String COMMENT 'the play with its verdict, as the log commits to it: JSON'
)
ENGINE = Null;

-- The present worth of each session: read it with FINAL.
CREATE TABLE IF NOT EXISTS plays (
    removed UInt8,
    version UInt64 CODEC(T64, ZSTD),
    node LowCardinality(String),
    device FixedString(32) CODEC(ZSTD),
    session UUID CODEC(ZSTD),
    listener String CODEC(ZSTD),
    track String CODEC(ZSTD),
    artist String CODEC(ZSTD),
    at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    status LowCardinality(String),
    heard_ms UInt64 CODEC(T64, ZSTD),
    played_ms UInt64 CODEC(T64, ZSTD),
    country LowCardinality(String),
    platform LowCardinality(String),
    source LowCardinality(String),
    offline UInt8,
    play String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version, removed)
ORDER BY (session, device, node)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS plays_feed TO plays AS
SELECT removed, version, node, device, session, listener, track, artist, at, status, heard_ms, played_ms, country,
    platform, source, offline, play
FROM play_changes
WHERE sign = 1 OR removed = 1;
