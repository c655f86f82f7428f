-- Refused items, the newest first; an empty name, list or place matches all.
SELECT
    bot_id, reason, message, stage, raw_partition, raw_offset, raw_index, toUnixTimestamp64Milli(received_at) AS received_at,
    body, path, way, platform, type, sdk
FROM dead_letters
WHERE (%(bot)s = '' OR bot_id = %(bot)s)
    AND (%(reason)s = '' OR reason = %(reason)s)
    AND (empty(%(ids)s) OR has(%(ids)s, concat(toString(raw_partition), '-', toString(raw_offset), '-', toString(raw_index))))
ORDER BY received_at DESC, raw_partition, raw_offset, raw_index
LIMIT %(limit)s
