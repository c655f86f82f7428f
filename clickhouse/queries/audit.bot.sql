-- How a bot's numbers are cut.
SELECT zone, week_start FROM bots FINAL WHERE bot_id = %(bot)s
