// The ten intents with most messages over the range, today's as they come.

import { Table } from "../chart.js";
import { el, find } from "../dom.js";
import { count, share } from "../format.js";
import { Latest, Panel } from "../panel.js";

const SHOWN = 10;

export class Intents {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("intents", page.clock);
    this._latest = new Latest();
    this._bars = find("#intent-bars");
    this._table = new Table(find("[data-numbers]", this._panel.root), ["Messages", "Share"]);
    this._groups = null;
    this._total = [];
  }

  async load() {
    const parameters = { measure: "intents", window: "day", from: this._page.rangeStart() };
    try {
      const answers = await this._latest.run((signal) => Promise.all([
        this._page.series({ ...parameters, by: "intent" }, signal), this._page.series(parameters, signal),
      ]));
      if (!answers) return;
      this._groups = new Map(answers[0].groups.map(({ key, points }) => [key, points]));
      this._total = answers[1].points;
      this.render();
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  render() {
    if (!this._groups) return;
    const ranked = this._ranked();
    const sum = ranked.reduce((all, [, value]) => all + value, 0);
    const total = Math.max(this._sum(this._total, (day, value) => this._page.cells.value("intents", "day", day, value)), sum);
    const most = ranked[0]?.[1] ?? 0;
    this._bars.replaceChildren(...ranked.slice(0, SHOWN).map(([name, value]) => bar(name, value, value / total, value / most)));
    this._table.show([...ranked.map(([name, value]) => [name, value, share(value / total)]),
      ...(total > sum ? [["All others", total - sum, share((total - sum) / total)]] : [])]);
    const rest = total - ranked.slice(0, SHOWN).reduce((all, [, value]) => all + value, 0);
    if (!total) this._panel.empty("No message had an intent in this range.");
    else this._panel.ready(rest ? `${count(rest)} messages with other intents` : "");
  }

  _ranked() {
    const live = new Map(this._total.map(({ start }) => [start, this._page.cells.groups("intents", "intent", "day", start)]));
    const keys = new Set([...this._groups.keys(), ...[...live.values()].flatMap((groups) => [...groups.keys()])]);
    return [...keys].map((key) => [key, this._sum(this._groups.get(key) ?? this._total.map(({ start }) => ({ start, value: 0 })),
      (day, value) => live.get(day)?.get(key) ?? value)])
      .filter(([, value]) => value)
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  }

  _sum(points, value) {
    return points.reduce((all, point) => all + (value(point.start, point.value) ?? 0), 0);
  }
}

function bar(name, value, part, length) {
  const line = el("span", { class: "bars-line" });
  line.style.setProperty("--part", `${(length * 100).toFixed(2)}%`);
  return el("li", {},
    el("bdi", { class: "bars-name", title: name }, name || "(no name)"), line,
    el("span", { class: "bars-count" }, count(value)), el("span", { class: "bars-share quiet" }, share(part)));
}
