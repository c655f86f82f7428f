-- Turns the bot did not understand, by the local hour and day in which they start.  A turn starts at each distinct
-- instant of an incoming message; flagged events before the first of them make one turn, from the earliest on.
WITH
    messages AS
    (
        SELECT user_id, at, is_message AND direction = 'in' AS begins, not_handled
        FROM bot_events
        WHERE bot_id = %(bot)s AND (is_message OR not_handled) AND user_id != ''
    ),
    flags AS
    (
        SELECT user_id, at, min(at) OVER (PARTITION BY user_id) AS first_flag
        FROM messages
        WHERE not_handled
    ),
    turns AS
    (
        SELECT DISTINCT user_id, at, 1 AS found
        FROM messages
        WHERE begins
    ),
    unhandled AS
    (
        SELECT DISTINCT flags.user_id AS user_id, toDateTime(if(turns.found = 1, turns.at, flags.first_flag), %(zone)s) AS turn
        FROM flags
        ASOF LEFT JOIN turns ON flags.user_id = turns.user_id AND flags.at >= turns.at
    )
SELECT 'not_handled' AS measure, '' AS dim, period.1 AS window, period.2 AS start, '' AS key, toInt64(count()) AS value
FROM unhandled
ARRAY JOIN
    [
        ('hour', toInt64(intDiv(toUnixTimestamp(turn) + timezoneOffset(turn), 3600) * 3600 - timezoneOffset(turn))),
        ('day', toInt64(toDate(turn)) * 86400)
    ] AS period
WHERE toDate(turn) BETWEEN toDate(%(first)s) AND toDate(%(last)s)
GROUP BY window, start
