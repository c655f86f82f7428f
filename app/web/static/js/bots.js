// The list of bots: today's numbers and a month as a line for each.

import { now, read } from "./api.js";
import { find, findAll, tell, write } from "./dom.js";
import { Clock, count } from "./format.js";
import { helpful } from "./helpers.js";
import { spark } from "./spark.js";

const EVERY_MS = 60_000;
const RETRY_MS = 5_000;

async function fill(row) {
  const base = `/data/v1/bots/${encodeURIComponent(row.dataset.bot)}/series`;
  const [active, messages] = await Promise.all([
    read(base, { measure: "active_users", window: "day" }),
    read(base, { measure: "messages", window: "day", from: new Clock(row.dataset.zone).date(now()) }),
  ]);
  write(find('[data-figure="active_users"]', row), count(active.points.at(-1)?.value));
  write(find('[data-figure="messages"]', row), count(messages.points.at(-1)?.value));
  find("[data-spark]", row).replaceChildren(spark(active.points.filter(({ complete }) => complete).map(({ value }) => value)));
}

async function refresh() {
  const outcomes = await Promise.allSettled(findAll("[data-bot]").map(fill));
  const fault = outcomes.find(({ status }) => status === "rejected")?.reason;
  if (fault?.isSignedOut) return location.reload();
  const banner = find("#history");
  if (banner) tell(banner, fault ? `Some numbers cannot be read: ${fault.message} Trying again every few seconds.` : "");
  setTimeout(refresh, fault ? RETRY_MS : EVERY_MS);
}

helpful();
refresh();
