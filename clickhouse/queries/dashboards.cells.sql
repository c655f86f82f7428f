-- What a back-fill found, as cells: by local hour and day, and by minute from `minutes_ms` on.
SELECT period.1 AS window, period.2 AS start, sum(n) AS number
FROM
(
    SELECT
        toUnixTimestamp(at) AS second,
        toDateTime(at, %(zone)s) AS local,
        toInt64(intDiv(toUnixTimestamp(local) + timezoneOffset(local), 3600) * 3600 - timezoneOffset(local)) AS hour,
        toInt64(toDate(local)) * 86400 AS day,
        at >= fromUnixTimestamp64Milli(%(minutes_ms)s) AS has_minute,
        count() AS n
    FROM backfilled_hits FINAL
    WHERE bot_id = %(bot)s AND dashboard = %(hit)s
    GROUP BY at
)
ARRAY JOIN arrayConcat([('hour', hour), ('day', day)], if(has_minute, [('minute', toInt64(intDiv(second, 60) * 60))], [])) AS period
GROUP BY window, start
