-- What was removed last to stay within the disk budget.
SELECT toUnixTimestamp64Milli(at) AS at_ms, table, partition, rows, bytes FROM disk_events ORDER BY at DESC LIMIT 5
