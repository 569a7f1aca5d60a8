-- The ingest nodes that load, and how far each is.
CREATE TABLE IF NOT EXISTS nodes (
    node String COMMENT 'origin of its log',
    version UInt64 COMMENT 'grows with every block that was loaded',
    leaves UInt64 COMMENT 'how many entries of its log are loaded',
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY node;

-- Which nodes hold parts of a session: a session that reached two is judged from what both stored.
CREATE TABLE IF NOT EXISTS session_nodes (
    session UUID CODEC(ZSTD),
    device FixedString(32) CODEC(ZSTD),
    node LowCardinality(String),
    loaded DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(loaded)
PARTITION BY toYYYYMM(loaded)
ORDER BY (session, device, node)
TTL loaded + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS session_nodes_feed TO session_nodes AS
SELECT DISTINCT session, device, node
FROM play_events;
