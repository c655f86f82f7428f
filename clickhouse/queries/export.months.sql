-- In which months a bot has events within a span, so that each can be read and sorted by itself.
SELECT DISTINCT toYYYYMM(at) AS month
FROM events
WHERE bot_id = %(bot)s AND at >= fromUnixTimestamp64Milli(%(from_ms)s) AND at < fromUnixTimestamp64Milli(%(to_ms)s)
ORDER BY month
