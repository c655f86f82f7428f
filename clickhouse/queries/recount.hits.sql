-- What back-fills of a bot's dashboards found hits of.
SELECT DISTINCT dashboard FROM backfilled_hits WHERE bot_id = %(bot)s
