// What an alert watches, and what it saw, in words.

import { decimal, lasting, share, signed } from "./format.js";

const AGAINST = { before: "the time before", day: "a day earlier", week: "a week earlier" };
const OPS = { above: "above", below: "below", rises_by: "rises by", falls_by: "falls by" };
const NAMES = {
  messages_in: "messages of users", messages_out: "messages of the bot", intents: "messages with an intent", not_handled: "turns not handled",
  not_handled_share: "share not handled", response_seconds_p50: "median time to an answer", new_error_reasons: "new reasons of dead letters",
};
const OF_A_DAY = new Set(["active_users", "new_users"]);

/** `nameOf(id)` names a dashboard. */
export function watchWords({ measure, condition, window_s: windowS, for_s: forS }, nameOf) {
  const { op, threshold, against } = condition;
  const isChange = op === "rises_by" || op === "falls_by";
  const limit = isChange ? `${decimal(threshold)} % against ${AGAINST[against]}` : number(measure, threshold);
  const window = OF_A_DAY.has(measure) ? "in the day" : `in ${stretch(windowS)}`;
  return `${measureName(measure, nameOf)} ${window} ${OPS[op]} ${limit}${forS ? `, for ${stretch(forS)}` : ""}`;
}

/** What was seen when it was last told of: the number, and the change where that is what is watched. */
export function seenWords({ measure, value, change_percent: change }) {
  if (value === null || value === undefined) return "";
  const said = number(measure, value);
  return change === null || change === undefined ? said : `${said} (${signed(change / 100)})`;
}

function measureName(measure, nameOf) {
  const at = measure.indexOf(":");
  if (at < 0) return NAMES[measure] ?? measure.replaceAll("_", " ");
  const name = nameOf(measure.slice(at + 1));
  return measure.startsWith("dashboard_users:") ? `users of “${name}”` : `“${name}”`;
}

function number(measure, value) {
  if (measure === "not_handled_share") return share(value);
  return measure === "response_seconds_p50" ? lasting(value) : decimal(value);
}

/** 90 -> 1 min 30 s, 3600 -> 1 h */
function stretch(seconds) {
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor((seconds % 3600) / 60), "min"], [seconds % 60, "s"]];
  return parts.filter(([many]) => many).map(([many, unit]) => `${many} ${unit}`).join(" ");
}
