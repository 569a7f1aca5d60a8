-- Sessions of which several nodes hold parts.

-- What each batch says of a session, but for its events, which are in `play_events`. By these it is found that a session
-- reached several nodes, and from both it is judged again.
CREATE TABLE IF NOT EXISTS session_parts (
    device FixedString(32) COMMENT 'thumbprint of the device key' CODEC(ZSTD),
    session UUID CODEC(ZSTD),
    node LowCardinality(String) COMMENT 'origin of the log that holds the batch',
    leaf UInt64 COMMENT 'index of the batch in that log' CODEC(DoubleDelta, ZSTD),
    received DateTime64(3, 'UTC') COMMENT 'when the server received it' CODEC(DoubleDelta, ZSTD),
    listener String COMMENT 'pseudonym' CODEC(ZSTD),
    seq UInt64 COMMENT 'number of the batch in the chain of its device' CODEC(T64, ZSTD),
    part String COMMENT 'its place in the chain, what was known at intake, and where its events are: JSON' CODEC(ZSTD(3)),
    loaded DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(DoubleDelta, ZSTD)
)
ENGINE = ReplacingMergeTree(loaded)
PARTITION BY toYYYYMM(received)
ORDER BY (device, session, node, leaf)
TTL toDateTime(received) + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000;

-- What a node says, in its log, of its part of a session that another node counts.
CREATE TABLE IF NOT EXISTS shared_plays (
    device FixedString(32) CODEC(ZSTD),
    session UUID CODEC(ZSTD),
    node LowCardinality(String) COMMENT 'who says it, and no longer counts it',
    version UInt64 COMMENT 'grows with every change by one node' CODEC(T64, ZSTD),
    first String COMMENT 'the part that was received first, whose node counts the session' CODEC(ZSTD),
    listener String CODEC(ZSTD),
    play String COMMENT 'the play with its verdict, as the log commits to it: JSON' CODEC(ZSTD(3)),
    posted DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(DoubleDelta, ZSTD)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (device, session, node)
TTL toDateTime(posted) + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000;
