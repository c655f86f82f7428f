-- Events that arrived again, of all bots.
SELECT sum(value) FROM counters WHERE bot_id IN %(bots)s AND measure = 'repeats' AND dim = '' AND `window` = 'day'
