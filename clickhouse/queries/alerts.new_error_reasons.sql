-- Reasons of dead letters of a bot, items accepted and then found unreadable, within a span, and never before.
SELECT count()
FROM
(
    SELECT min(received_at) AS first_at
    FROM dead_letter_rows
    WHERE bot_id = %(bot)s AND received_at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
    GROUP BY reason
)
WHERE first_at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC')
