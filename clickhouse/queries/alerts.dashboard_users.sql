-- Distinct users of a dashboard within a span, by the versions of its rule that it shows.
SELECT uniqExact(user_id)
FROM dashboard_hits
WHERE bot_id = %(bot)s AND dashboard = %(dashboard)s AND version >= %(version)s AND user_id != ''
    AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
