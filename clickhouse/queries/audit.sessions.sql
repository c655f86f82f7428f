-- Sessions, by the local hour and day in which they start.
SELECT sums.1 AS measure, '' AS dim, period.1 AS window, period.2 AS start, '' AS key, sum(sums.2) AS value
FROM
(
    SELECT
        toDateTime(started_at, %(zone)s) AS local,
        intDiv(toUnixTimestamp(local) + timezoneOffset(local), 3600) * 3600 - timezoneOffset(local) AS hour,
        toInt64(toDate(local)) * 86400 AS day,
        [('sessions', 1), ('session_ms', duration_ms), ('session_messages', toInt64(messages)), ('bounces', toInt64(is_bounce))] AS measures
    FROM sessions
    WHERE bot_id = %(bot)s AND toDate(toDateTime(started_at, %(zone)s)) BETWEEN toDate(%(first)s) AND toDate(%(last)s)
)
ARRAY JOIN measures AS sums
ARRAY JOIN [('hour', hour), ('day', day)] AS period
GROUP BY measure, window, start
