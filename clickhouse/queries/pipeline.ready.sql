-- Answers when ClickHouse does and its tables are there.
SELECT count() FROM sink_positions WHERE topic = ''
