-- Events that hit a dashboard, by the local hour and day, those found by back-fills among them.
SELECT 'hits' AS measure, 'dashboard' AS dim, period.1 AS window, period.2 AS start, key, toInt64(sum(n)) AS value
FROM
(
    SELECT
        concat(dashboard, '@', toString(version)) AS key,
        toDateTime(at, %(zone)s) AS local,
        intDiv(toUnixTimestamp(local) + timezoneOffset(local), 3600) * 3600 - timezoneOffset(local) AS hour,
        toInt64(toDate(local)) * 86400 AS day,
        count() AS n
    FROM dashboard_hits
    WHERE bot_id = %(bot)s AND toDate(toDateTime(at, %(zone)s)) BETWEEN toDate(%(first)s) AND toDate(%(last)s)
    GROUP BY key, local
)
ARRAY JOIN [('hour', toInt64(hour)), ('day', day)] AS period
GROUP BY window, start, key
