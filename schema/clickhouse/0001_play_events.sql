-- What devices said: one row for each event of a batch. A row that is inserted again replaces itself.
--
-- Partitioned by when the server received it, which a device cannot choose: a partition for each month that a device
-- names would be a way to make thousands of them.
CREATE TABLE IF NOT EXISTS play_events (
    node LowCardinality(String) COMMENT 'origin of the log that holds the batch',
    leaf UInt64 COMMENT 'index of the batch in that log' CODEC(DoubleDelta, ZSTD),
    received DateTime64(3, 'UTC') COMMENT 'when the server received it' CODEC(DoubleDelta, ZSTD),
    anchored Nullable(DateTime64(3, 'UTC')) COMMENT 'the newest time that the device had verified before' CODEC(ZSTD),
    device FixedString(32) COMMENT 'thumbprint of the device key' CODEC(ZSTD),
    listener String COMMENT 'pseudonym' CODEC(ZSTD),
    session UUID COMMENT 'one play of one track' CODEC(ZSTD),
    event UUID COMMENT 'id of the event' CODEC(ZSTD),
    type LowCardinality(String),
    at DateTime64(3, 'UTC') COMMENT 'clock of the device, not later than received' CODEC(DoubleDelta, ZSTD),
    mono UInt64 COMMENT 'milliseconds since the session began' CODEC(T64, ZSTD),
    track String CODEC(ZSTD),
    artist String COMMENT 'empty where the session had not told it yet' CODEC(ZSTD),
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty if unknown',
    platform LowCardinality(String) COMMENT 'empty if unknown',
    body String COMMENT 'the event as JSON' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (artist, track, at, device, session, event, node, leaf)
TTL toDateTime(received) + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000;
