-- First and last day for which a bot has anything.
SELECT toString(min(day)), toString(max(day)), count()
FROM
(
    SELECT toDate(toDateTime(at, %(zone)s)) AS day FROM bot_events WHERE bot_id = %(bot)s
    UNION ALL
    SELECT toDate(start) AS day FROM counters WHERE bot_id = %(bot)s AND window IN ('day', 'week', 'month') AND value != 0
)
