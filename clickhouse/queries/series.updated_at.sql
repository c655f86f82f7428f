-- When the store last wrote, in ms since 1970; 0 for never.
SELECT toUnixTimestamp64Milli(toDateTime64(max(updated_at), 3, 'UTC')) FROM sink_positions WHERE topic IN %(topics)s
