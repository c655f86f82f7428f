// Messages of the last 60 minutes; a minute moves while it lasts, and the picture moves on when it is over.

import { now } from "../api.js";
import { Chart } from "../chart.js";
import { count } from "../format.js";
import { Latest, Panel } from "../panel.js";

const MINUTE_MS = 60_000;
const SHOWN = 60;

export class Minutes {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("minutes", page.clock);
    this._latest = new Latest();
    this._read = { messages_in: new Map(), messages_out: new Map() };
    this._values = [];
    // The whole is drawn first and what came in over it, so that what shows of the whole is what went out.
    this._chart = new Chart(this._panel.root, [
      { label: "Out", colour: "--out", kind: "bars" }, { label: "In", colour: "--in", kind: "bars" },
    ], (i) => this._words(i), ["In", "Out"]);
    setInterval(() => this._minute !== minuteOf(now()) && this.render(), 1000);
  }

  async load() {
    const from = new Date(minuteOf(now()) - (SHOWN - 1) * MINUTE_MS).toISOString();
    try {
      await this._latest.run((signal) => Promise.all(Object.keys(this._read).map(async (measure) => {
        const { points } = await this._page.series({ measure, window: "minute", from }, signal);
        this._read[measure] = new Map(points.map(({ start, value }) => [Date.parse(start), value]));
      })));
      this._panel.ready();
    } catch (error) {
      if (!this._page.cells.newestDay) this._panel.away(error.message);
      throw error;
    } finally {
      this.render();
    }
  }

  render() {
    this._minute = minuteOf(now());
    this._values = Array.from({ length: SHOWN }, (_, i) => this._minute - (SHOWN - 1 - i) * MINUTE_MS).map((at) => ({
      at, in: this._number("messages_in", at), out: this._number("messages_out", at),
    }));
    if (this._page.cells.newestDay) this._panel.ready();
    this._chart.show(
      this._values.map(({ at }) => this._page.clock.minute(at)),
      [this._values.map((one) => one.in + one.out), this._values.map((one) => one.in)],
      this._values.map((one) => [this._page.clock.minute(one.at), one.in, one.out]).reverse());
  }

  _number(measure, at) {
    return this._page.cells.value(measure, "minute", at, this._read[measure].get(at) ?? 0);
  }

  _words(index) {
    const one = this._values[index];
    if (one) return `${this._page.clock.minute(one.at)} · ${count(one.in)} in, ${count(one.out)} out`;
    return `${count(this._values.reduce((sum, each) => sum + each.in + each.out, 0))} in the last 60 minutes`;
  }
}

const minuteOf = (at) => Math.floor(at / MINUTE_MS) * MINUTE_MS;
