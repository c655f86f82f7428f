-- Median time from a message of the user to the first answer in the same conversation, by the time of the message.
-- An answer that takes more than a day is none, and neither is one to nobody.
SELECT roundDown(intDiv(at_ms, 1000), %(begins)s) AS begin_s, quantileExactInclusive(0.5)(answer_ms - at_ms) / 1000 AS seconds
FROM
(
    SELECT
        direction, toUnixTimestamp64Milli(at) AS at_ms,
        min(if(direction = 'out', at_ms, NULL)) OVER (
            PARTITION BY conversation_id, if(conversation_id = '', user_id, '')
            ORDER BY at_ms DESC, direction DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS answer_ms
    FROM bot_events
    WHERE bot_id = %(bot)s AND is_message AND (conversation_id != '' OR user_id != '')
        AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC')
        AND at < fromUnixTimestamp64Milli((%(end_s)s + 86400) * 1000, 'UTC')
)
WHERE direction = 'in' AND at_ms < %(end_s)s * 1000 AND answer_ms - at_ms <= 86400000
GROUP BY begin_s
