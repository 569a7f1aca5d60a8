-- The ingest nodes that load, and how far each is.
CREATE TABLE IF NOT EXISTS nodes (
    node String COMMENT 'origin of its log',
    version UInt64 COMMENT 'grows with every block that was loaded',
    leaves UInt64 COMMENT 'how many entries of its log are loaded',
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY node;
