// What is being said, sampled; the newest line first, and still while paused.

import { el, find } from "../dom.js";
import { Panel } from "../panel.js";

const SHOWN = 60;
const AT_FIRST = 20;

export class Transcript {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("transcript", page.clock);
    this._list = find("#lines");
    this._pause = find("#pause");
    this._seen = new Set();
    this._held = [];
    this._pause.addEventListener("click", () => this._toggle());
  }

  /** Read the last lines; tell whether there has been any event at all. */
  async load() {
    try {
      const { events } = await this._page.read("events", { limit: AT_FIRST });
      events.reverse().filter(isSaid).forEach((line) => this._put(line));
      if (this._list.childElementCount) this._panel.ready();
      else this._panel.empty("Nothing has been said yet.");
      return events.length > 0;
    } catch (error) {
      if (!this._list.childElementCount) this._panel.away(error.message);
      throw error;
    }
  }

  take(line) {
    if (!this._isPaused) this._put(line);
    else this._held = [...this._held, line].slice(-SHOWN);
    this._panel.ready();
  }

  get _isPaused() { return this._pause.getAttribute("aria-pressed") === "true"; }

  _toggle() {
    const isPaused = !this._isPaused;
    this._pause.setAttribute("aria-pressed", String(isPaused));
    this._pause.textContent = isPaused ? "Go on" : "Pause";
    if (isPaused) return;
    this._held.forEach((line) => this._put(line));
    this._held = [];
  }

  _put(line) {
    if (this._seen.has(line.event_id)) return;
    this._seen.add(line.event_id);
    this._list.prepend(shown(line, this._page.clock));
    while (this._list.childElementCount > SHOWN) this._list.lastElementChild.remove();
    if (this._seen.size > 50 * SHOWN) this._seen = new Set([...this._seen].slice(-SHOWN));
  }
}

const isSaid = ({ direction, event_name: name }) => direction === "in" || direction === "out" || Boolean(name);

function shown(line, clock) {
  const at = new Date(line.at);
  const way = { in: "user", out: "bot" }[line.direction] ?? "event";
  const words = line.text || line.event_name;
  return el("li", { class: `line is-${way}` },
    el("span", { class: "line-head" },
      el("time", { datetime: line.at, title: `${clock.date(at)} ${clock.time(at)} ${clock.zone}` }, clock.time(at)),
      el("span", { class: "line-way" }, way === "bot" ? "bot to" : way === "user" ? "from" : "event of"),
      el("bdi", { class: "line-user", title: line.user_id }, line.user_id),
      line.intent ? el("bdi", { class: "chip", title: line.intent }, line.intent) : null,
      line.not_handled ? el("span", { class: "chip is-bad" }, "not handled") : null),
    words ? el("span", { class: "line-text", dir: "auto" }, words) : el("span", { class: "line-text quiet" }, `[${line.kind}]`));
}
