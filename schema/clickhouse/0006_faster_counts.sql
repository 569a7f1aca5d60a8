-- What is read for each row of a long list weighs most: names are unpacked faster like this, and take no more room, since
-- they stand in order.
ALTER TABLE plays_by_day MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);
ALTER TABLE plays_by_hour MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);
ALTER TABLE plays_by_quarter_hour MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);
ALTER TABLE listeners_by_day MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);
ALTER TABLE listeners_by_hour MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);
ALTER TABLE listeners_by_quarter_hour MODIFY COLUMN id String COMMENT 'of the track or artist' CODEC(LZ4);

-- The most played of all time are read from sums over each part of the table, which are made anew when parts are merged.
ALTER TABLE plays_by_day MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE plays_by_day ADD PROJECTION IF NOT EXISTS all_time (
    SELECT of, id, sum(valid), sum(short), sum(muted), sum(suspect), sum(invalid), sum(heard_ms)
    GROUP BY of, id
);
ALTER TABLE plays_by_day MATERIALIZE PROJECTION all_time;
