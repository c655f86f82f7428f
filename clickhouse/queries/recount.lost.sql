-- Events that were counted on days before those of which events are still stored.
WITH (SELECT toStartOfDay(min(at)) - INTERVAL 1 DAY FROM events WHERE bot_id = %(bot)s) AS first_stored
SELECT toInt64(sum(value)), toUnixTimestamp(any(first_stored))
FROM counter_generations
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = 'events' AND dim = '' AND `window` = 'day'
    AND start < first_stored
