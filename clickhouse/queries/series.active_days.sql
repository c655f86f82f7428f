-- Differences from day to day of how many users were active on any of the last `width` days: a user comes in on an
-- active day and goes out `width` days later, or comes in again before. Days before `first_s` no longer reach the range.
SELECT change.1 * 86400 AS start_s, sum(change.2) AS difference
FROM
(
    SELECT arraySort(groupUniqArray(toInt64(toDate(toDateTime(at, %(zone)s))))) AS days
    FROM bot_events
    WHERE bot_id = %(bot)s AND is_activity AND user_id != ''
        AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
        -- include series.filter
    GROUP BY user_id
)
ARRAY JOIN arrayConcat(
    arrayMap(day -> (day, toInt64(1)), days),
    arrayMap((day, next) -> (least(day + %(width)s, next), toInt64(-1)), days, arrayPushBack(arrayPopFront(days), days[-1] + %(width)s))
) AS change
GROUP BY start_s
