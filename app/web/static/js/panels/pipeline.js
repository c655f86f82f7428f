// How far each stage is, and in one sentence what is behind.

import { el, find } from "../dom.js";
import { bytes, count, decimal, lasting } from "../format.js";
import { Latest, Panel } from "../panel.js";

const EVERY_MS = 5000;
const BEHIND_S = 5;
const WORDS = { good: "up to date", behind: "behind", starting: "starting", down: "not running", unknown: "unknown" };
const LATE = {
  web: "events sent now wait at their senders", normalise: "all numbers are late", track: "live numbers are late",
  store: "history is late, live numbers are not",
};

export class Pipeline {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("pipeline", page.clock);
    this._latest = new Latest();
    this._verdict = find("#verdict");
    setInterval(() => document.hidden || this.load().catch(() => {}), EVERY_MS);
  }

  async load() {
    try {
      const standing = await this._latest.run((signal) => this._page.readAt("/data/v1/pipeline", {}, signal));
      if (standing) this._show(standing);
    } catch (error) {
      this._panel.away(error.message);
      this._say("unknown", "How far the stages are is not known.");
      throw error;
    }
  }

  _show(standing) {
    const stages = standing.stages.map((stage) => ({ ...stage, state: stateOf(stage, standing) }));
    find("#stages tbody").replaceChildren(...stages.map(row));
    const faults = [...Object.values(standing.away), ...stages.map(sentence).filter(Boolean)];
    if (faults.length) this._say("bad", ...faults);
    else if (stages.some(({ state }) => state === "unknown")) this._say("unknown", "How far the stages are is not known yet.");
    else this._say("good", "Everything is up to date.");
    find("#facts").replaceChildren(...facts(standing).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    this._panel.ready();
  }

  _say(state, ...sentences) {
    this._verdict.dataset.state = state;
    if (this._verdict.textContent !== sentences.join("")) this._verdict.replaceChildren(...sentences.map((words) => el("li", {}, words)));
  }
}

function stateOf(stage, { away }) {
  if (!stage.alive) return away.kafka ? "unknown" : "down";
  if (!stage.ready) return "starting";
  if (stage.stage !== "web" && stage.lag_records === null) return "unknown";
  return (stage.lag_seconds ?? 0) >= BEHIND_S ? "behind" : "good";
}

function sentence({ stage, state, lag_events: events, lag_seconds: seconds }) {
  if (state === "down") return `${stage} is not running: ${LATE[stage]}; nothing is lost.`;
  if (state === "starting") return `${stage} is reading its state; ${LATE[stage]} until then.`;
  if (state === "behind") return `${stage} is behind by ${count(events)} events, the oldest waits ${lasting(seconds)}: ${LATE[stage]}.`;
  return "";
}

function row({ stage, state, lag_events: events, lag_seconds: seconds, rate }) {
  const isWeb = stage === "web";
  return el("tr", {}, el("th", { scope: "row" }, stage), el("td", {}, el("span", { class: `state is-${state}` }, isWeb && state === "good" ? "running" : WORDS[state])),
    el("td", { class: "n" }, isWeb ? "" : count(events)), el("td", { class: "n" }, isWeb ? "" : seconds === null && events === 0 ? "0 s" : lasting(seconds)), el("td", { class: "n" }, decimal(rate)));
}

function facts({ accepted, refused, rejected, repeats, stored, disk }) {
  const reasons = Object.entries(rejected ?? {});
  return [
    ["accepted since start", count(accepted)],
    ["refused since start", count(refused)],
    ["stored", count(stored)],
    ["came again, counted once", count(repeats)],
    ["rejected", reasons.length ? reasons.map(([reason, items]) => `${count(items)} ${reason}`).join(", ") : rejected ? "0" : "–"],
    ["disk", disk ? `${bytes(disk.used_bytes)} of ${bytes(disk.budget_bytes)}` : "–"],
  ];
}
