-- How far the store has come in a topic.
SELECT partition, position FROM sink_positions FINAL WHERE topic = %(topic)s
