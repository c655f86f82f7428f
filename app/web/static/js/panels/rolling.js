// Users active in the 7 and 30 days that end with each day of the range.

import { Chart } from "../chart.js";
import { count, period } from "../format.js";
import { Latest, Panel } from "../panel.js";

const MEASURES = ["active_users_7d", "active_users_30d"];

export class Rolling {
  constructor(page, tiles) {
    this._page = page;
    this._tiles = tiles;
    this._panel = new Panel("rolling", page.clock);
    this._latest = new Latest();
    this._points = [[], []];
    this._chart = new Chart(this._panel.root, [
      { label: "7 days", colour: "--second", kind: "line" }, { label: "30 days", colour: "--in", kind: "line" },
    ], (i) => this._words(i));
  }

  async load() {
    try {
      const answers = await this._latest.run((signal) => Promise.all(MEASURES.map((measure) =>
        this._page.series({ measure, window: "day", from: this._page.rangeStart() }, signal))));
      if (!answers) return;
      this._points = answers.map(({ points }) => points);
      MEASURES.forEach((measure, i) => this._tiles.rolling(measure, this._points[i]));
      this._show();
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  _show() {
    const [week, month] = this._points;
    this._chart.show(
      week.map(({ start }) => period(start)),
      this._points.map((points) => points.map(({ value }) => value)),
      week.map(({ start, value }, i) => [period(start, "day", true), value, month[i]?.value]).reverse());
    if (month.some(({ value }) => value)) this._panel.ready();
    else this._panel.empty("Nobody was active in this range.");
  }

  _words(index) {
    const [week, month] = this._points;
    const i = index ?? week.length - 1;
    if (!week[i]) return "";
    return `${period(week[i].start, "day", true)} · ${count(week[i].value)} and ${count(month[i]?.value)}`;
  }
}
