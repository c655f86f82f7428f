-- Median length of the sessions that start in each period. Two days around are read too: a session may begin before
-- the first period, or end after the last one.
SELECT roundDown(intDiv(start_ms, 1000), %(begins)s) AS begin_s, quantileExactInclusive(0.5)(length_ms) / 1000 AS seconds
FROM
(
    SELECT min(at_ms) AS start_ms, max(at_ms) - min(at_ms) AS length_ms
    FROM
    (
        SELECT
            user_id, session_id, at_ms,
            if(session_id = '', sum(begins) OVER (PARTITION BY user_id, session_id ORDER BY at_ms ASC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS run
        FROM
        (
            SELECT
                user_id, session_id, toUnixTimestamp64Milli(at) AS at_ms,
                at_ms - lagInFrame(at_ms) OVER (PARTITION BY user_id, session_id ORDER BY at_ms ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) > %(gap_ms)s AS begins
            FROM bot_events
            WHERE bot_id = %(bot)s AND is_message AND user_id != ''
                AND at >= fromUnixTimestamp64Milli((%(first_s)s - 172800) * 1000, 'UTC')
                AND at < fromUnixTimestamp64Milli((%(end_s)s + 172800) * 1000, 'UTC')
        )
    )
    GROUP BY user_id, session_id, run
)
WHERE start_ms >= %(first_s)s * 1000 AND start_ms < %(end_s)s * 1000
GROUP BY begin_s
