// Active users by day, week or month over the chosen range; the period that is not over is drawn open.

import { Chart } from "../chart.js";
import { count, growth, period, signed } from "../format.js";
import { Latest, Panel } from "../panel.js";

export class Active {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("active", page.clock);
    this._latest = new Latest();
    this._points = [];
    this._window = "day";
    this._chart = new Chart(this._panel.root, [
      { label: "Active users", colour: "--in", kind: "bars" }, { label: "So far", colour: "--in", kind: "open" },
    ], (i) => this._words(i), ["Active users", "Growth"]);
  }

  async load() {
    const { window } = this._page.choices;
    try {
      const parameters = { measure: "active_users", window, from: this._page.rangeStart() };
      const answer = await this._latest.run((signal) => this._page.series(parameters, signal));
      if (!answer) return;
      [this._points, this._window] = [answer.points, window];
      this.render();
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  render() {
    if (!this._points.length) return;
    const numbers = this._numbers();
    this._chart.show(
      numbers.map(({ start }) => period(start, this._window)),
      [numbers.map((one) => (one.complete ? one.value : null)), numbers.map((one) => (one.complete ? null : one.value))],
      numbers.map((one, i) => [
        period(one.start, this._window, true) + (one.complete ? "" : " (so far)"), one.value, change(numbers, i),
      ]).reverse());
    if (numbers.some(({ value }) => value)) this._panel.ready();
    else this._panel.empty("Nobody was active in this range.");
  }

  _numbers() {
    const { cells } = this._page;
    return this._points.map((point) => ({ ...point, value: cells.value("active_users", this._window, point.start, point.value) }));
  }

  _words(index) {
    const numbers = this._numbers();
    const one = numbers[index] ?? numbers.at(-1);
    if (!one) return "";
    return `${period(one.start, this._window, true)} · ${count(one.value)}${one.complete ? "" : " so far"}`;
  }
}

/** Growth of a period that is over, against the one before. */
function change(numbers, i) {
  const rate = i && numbers[i].complete ? growth(numbers[i].value, numbers[i - 1].value) : null;
  return rate === null ? "–" : signed(rate);
}
