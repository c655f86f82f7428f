-- Users of each cohort active in the n-th stretch of time after their own first active instant.
SELECT roundDown(intDiv(first_ms, 1000), %(begins)s) AS begin_s, n, count() AS users
FROM
(
    SELECT
        min(toUnixTimestamp64Milli(at)) AS first_ms,
        arrayJoin(arrayDistinct(arrayMap(at_ms -> intDiv(at_ms - first_ms, %(width_ms)s), groupArray(toUnixTimestamp64Milli(at))))) AS n
    FROM bot_events
    WHERE bot_id = %(bot)s AND is_activity AND user_id != ''
    GROUP BY user_id
    HAVING first_ms >= %(first_s)s * 1000 AND first_ms < %(end_s)s * 1000
)
WHERE n < %(periods)s
GROUP BY begin_s, n
