// Where every alert stands: what fires on top of the page, all others in a list; changes come by the stream.

import { now } from "../api.js";
import { el, find, tell, write } from "../dom.js";
import { count, period } from "../format.js";
import { Latest, Panel } from "../panel.js";
import { seenWords, watchWords } from "../watched.js";

const ON_TOP = 5;
const PHASES = { pending: "pending", firing: "firing", resolved: "ok", ok: "ok" };
const RANK = { firing: 0, pending: 1, ok: 2, off: 3 };
const LOOK = { firing: "is-down", pending: "is-behind", ok: "is-good", off: "" };

export class Alerts {
  /** `nameOf(id)` names a dashboard. */
  constructor(page, nameOf) {
    this._page = page;
    this._nameOf = nameOf;
    this._panel = new Panel("alerts", page.clock);
    this._latest = new Latest();
    this._top = find("#firing");
    this._list = find("#alert-list");
    this._read = null;
    this._told = new Map();
    this._openedAt = now();
  }

  async load() {
    try {
      const answer = await this._latest.run((signal) => this._page.read("alerts", {}, signal));
      if (!answer) return;
      this._read = answer.alerts;
      const ids = new Set(answer.alerts.map(({ id }) => id));
      for (const id of this._told.keys()) if (!ids.has(id)) this._told.delete(id);
      this.render();
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  /** Something became of an alert, or the stream says again what was last told of it. */
  take(told) {
    const before = this._told.get(told.alert);
    if (before && (before.id === told.id || before.at > told.at)) return;
    this._told.set(told.alert, told);
    if (this._read && !this._read.some(({ id }) => id === told.alert) && PHASES[told.type] !== "ok") this._page.reload(this);
    if (told.type === "resolved" && Date.parse(told.at) >= this._openedAt) this._sayOver(told);
    this.render();
  }

  render() {
    const alerts = this._standing().sort((one, other) => RANK[stateOf(one)] - RANK[stateOf(other)] || order(one, other));
    const firing = alerts.filter(({ phase }) => phase === "firing");
    this._showTop(firing.slice(0, ON_TOP));
    tell(find("#more-firing"), firing.length > ON_TOP ? `and ${count(firing.length - ON_TOP)} more, in the list of alerts` : "");
    const listed = alerts.slice(Math.min(firing.length, ON_TOP));
    const rows = listed.map((alert) => this._row(alert));
    if (!same(rows, this._list.children)) this._list.replaceChildren(...rows);
    if (!this._read) return;
    if (!alerts.length) this._panel.empty("Nothing is watched yet. An alert watches one number, and says when it becomes bad and when that is over.");
    else this._panel.ready(listed.length ? "" : "All alerts are firing; they are on top of this page.");
  }

  /** What was told of an alert that is not in the list holds until the list is read again. */
  _standing() {
    const read = this._read ?? [];
    const ids = new Set(read.map(({ id }) => id));
    const others = [...this._told.values()].filter(({ alert, type }) => !ids.has(alert) && PHASES[type] !== "ok");
    return [...read.map((alert) => standing(alert, this._told.get(alert.id))), ...others.map((told) => standing({ id: told.alert, enabled: true }, told))];
  }

  /** Those that stay are left as they are, so that nothing is read out twice. */
  _showTop(firing) {
    const there = new Map([...this._top.children].map((item) => [item.dataset.alert, item]));
    const items = firing.map((alert) => {
      const item = this._firing(alert);
      const old = there.get(alert.id);
      return old?.isEqualNode(item) ? old : item;
    });
    if (items.length !== this._top.childElementCount || items.some((item, i) => item !== this._top.children[i])) this._top.replaceChildren(...items);
  }

  _firing(alert) {
    const seen = seenWords(alert);
    return el("li", { class: "banner is-bad firing-one", "data-alert": alert.id },
      el("strong", {}, el("bdi", {}, alert.name)),
      seen ? el("b", { class: "firing-value" }, seen) : null,
      el("span", { class: "firing-what" }, watchWords(alert, this._nameOf)),
      this._since(alert));
  }

  _row(alert) {
    const state = stateOf(alert);
    const seen = alert.phase === "ok" ? "" : seenWords(alert);
    return el("li", { class: "alert-row", "data-alert": alert.id, "data-phase": state },
      el("span", { class: `state ${LOOK[state]}` }, state),
      el("strong", { class: "alert-name", title: alert.name }, el("bdi", {}, alert.name)),
      el("span", { class: "alert-what quiet" }, watchWords(alert, this._nameOf), seen ? el("span", { class: "alert-seen" }, ` · ${seen} seen`) : null),
      this._since(alert));
  }

  _since({ since, phase }) {
    if (!since) return el("span", { class: "since quiet" }, "never fired");
    const at = new Date(since);
    const date = this._page.clock.date(at);
    const words = date === this._page.today() ? this._page.clock.time(at) : `${period(date)} ${this._page.clock.minute(at)}`;
    return el("time", { class: phase === "firing" ? "since" : "since quiet", datetime: since, title: `${date} ${this._page.clock.time(at)} ${this._page.clock.zone}` }, `since ${words}`);
  }

  _sayOver({ name, at, reason }) {
    const why = reason ? ` (${reason})` : "";
    write(find("#alert-news"), `${name}: over since ${this._page.clock.time(new Date(at))}${why}.`);
  }
}

/** An alert as it was read, unless something was told of it since. */
function standing(alert, told) {
  if (!told || (alert.since && told.at < alert.since)) return alert;
  const { name, measure, window_s, condition, value, change_percent } = told;
  return { name, measure, window_s, condition, ...alert, phase: PHASES[told.type], since: told.at, value, change_percent };
}

const stateOf = ({ enabled, phase }) => (enabled || phase !== "ok" ? phase : "off");

/** The newest first, of what is not ok. */
const order = (one, other) => (one.phase === "ok" ? 0 : one.since < other.since ? 1 : one.since > other.since ? -1 : 0);
const same = (items, others) => items.length === others.length && items.every((item, i) => item.isEqualNode(others[i]));
