-- What was refused, by stage and reason.
SELECT stage, reason, count() AS items FROM dead_letters GROUP BY stage, reason
