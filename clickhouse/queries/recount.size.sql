-- How many events of a bot were stored before its next generation began.
SELECT count() FROM events FINAL WHERE bot_id = %(bot)s AND stream_offset < arrayElement(%(begins)s, stream_partition + 1)
