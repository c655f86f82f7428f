// What each dashboard counted: today as it comes, and seven days as bars.

import { dayBars, dayWords } from "../daybars.js";
import { el, find, write } from "../dom.js";
import { count, daysAfter } from "../format.js";
import { Latest, Panel } from "../panel.js";

const DAYS = 7;
const AT_FIRST = matchMedia("(max-width: 640px)").matches ? 6 : 12;

export class Dashboards {
  /** `onNames()` is called when dashboards have other names than before. */
  constructor(page, onNames) {
    this._page = page;
    this._onNames = onNames;
    this._panel = new Panel("dashboards", page.clock);
    this._latest = new Latest();
    this._list = find("#dashboard-list");
    this._more = find("#more-dashboards");
    this._all = null;
    this._said = "";
    this._read = new Map();
    this._asked = new Set();
    this._more.addEventListener("click", () => this._showAll());
  }

  nameOf(id) { return this._all?.find((one) => one.id === id)?.name ?? id; }

  async load() {
    try {
      const isDone = await this._latest.run((signal) => this._readAll(signal));
      if (!isDone) return;
      if (this._all.length) this._panel.ready();
      else this._panel.empty("No dashboards yet. One counts the events that a rule finds.");
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  render() {
    if (!this._all) return;
    const days = this._days();
    for (const one of this._shown()) this._fill(one, days);
    this._lookForNew(days.at(-1));
  }

  async _readAll(signal) {
    const { dashboards } = await this._page.read("dashboards", {}, signal);
    this._take([...dashboards].sort((one, other) => rank(one) - rank(other)));
    await Promise.all(this._shown().map((one) => this._readDays(one, signal)));
    return true;
  }

  async _readDays({ id }, signal) {
    try {
      const { points } = await this._page.series({ measure: `dashboard:${id}`, window: "day", from: this._days()[0] }, signal);
      this._read.set(id, new Map(points.map(({ start, value }) => [start, value])));
      this.render();
    } catch (error) {
      // It was removed since the list was read.
      if (error.status !== 404) throw error;
    }
  }

  _take(dashboards) {
    this._all = dashboards;
    const said = JSON.stringify(this._shown());
    if (said !== this._said) {
      this._said = said;
      this._list.replaceChildren(...this._shown().map(card));
      this._onNames();
    }
    this._more.hidden = this._shown().length === dashboards.length;
    write(this._more, `Show all ${count(dashboards.length)}`);
    this.render();
  }

  _shown() { return this._isWhole ? this._all : this._all.slice(0, AT_FIRST); }
  _days() { return Array.from({ length: DAYS }, (_, i) => daysAfter(this._page.today(), i + 1 - DAYS)); }

  _showAll() {
    const next = this._list.childElementCount;
    this._isWhole = true;
    this._take(this._all);
    find("button", this._list.children[next])?.focus();
    this._page.reload(this);
  }

  _fill(dashboard, days) {
    const values = days.map((day) => this._number(dashboard, day));
    const box = this._list.children[this._all.indexOf(dashboard)];
    write(find("[data-value]", box), count(values.at(-1)));
    const picture = find("[data-days]", box);
    if (picture.firstElementChild?.getAttribute("aria-label") !== dayWords(days, values)) picture.replaceChildren(dayBars(days, values));
  }

  /** What a dashboard counted on a day only grows, so of what was read and what came live the more is the newer. */
  _number({ id, measure, version, counted_from: from }, day) {
    const { cells } = this._page;
    const read = this._read.get(id)?.get(day);
    if (measure) return cells.value(measure, "day", day, read);
    const hits = cells.groups("hits", "dashboard", "day", day);
    const live = Array.from({ length: version - from + 1 }, (_, i) => hits.get(`${id}@${from + i}`)).filter((value) => value !== undefined);
    return live.length ? Math.max(live.reduce((sum, value) => sum + value, 0), read ?? 0) : read;
  }

  /** A dashboard that was made or changed since the list was read tells of itself by its first hit. */
  _lookForNew(today) {
    const versions = new Map(this._all.map(({ id, version }) => [id, version]));
    for (const key of this._page.cells.groups("hits", "dashboard", "day", today).keys()) {
      const [id, version] = key.split("@");
      if (this._asked.has(key) || Number(version) <= versions.get(id)) continue;
      this._asked.add(key);
      this._askAgain();
    }
  }

  _askAgain() {
    this._asking ??= setTimeout(() => {
      this._asking = null;
      this._page.reload(this);
    }, 0);
  }
}

/** Those that came with the bot first, those that count nothing last. */
const rank = ({ default: type, enabled }) => (enabled ? 0 : 2) + (type ? 0 : 1);

function card({ id, name, text, measure, enabled }) {
  const rule = el("button", { class: "plain rule", type: "button", "aria-expanded": "false", "aria-label": `Rule: ${text || measure}` },
    el("code", {}, text || `measure ${measure}`));
  rule.addEventListener("click", () => rule.setAttribute("aria-expanded", String(rule.getAttribute("aria-expanded") !== "true")));
  return el("li", { class: `card counted${enabled ? "" : " is-off"}`, "data-dashboard": id },
    el("div", { class: "counted-head" }, el("h3", { title: name }, el("bdi", {}, name)), enabled ? null : el("span", { class: "chip" }, "off")),
    rule,
    el("div", { class: "counted-foot" },
      el("p", { class: "counted-today" }, el("b", { class: "counted-value", "data-value": true }, "–"), el("span", { class: "quiet small" }, "today")),
      el("div", { class: "counted-days", "data-days": true })));
}
