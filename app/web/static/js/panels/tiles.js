// Today in eight numbers, against yesterday as a whole, and the last two days that are over against each other.

import { find, write } from "../dom.js";
import { count, daysAfter, growth, share, signed } from "../format.js";
import { Latest } from "../panel.js";

const DAILY = ["active_users", "new_users", "messages_in", "messages_out", "sessions"];
const READ = [...DAILY, "not_handled"];

export class Tiles {
  constructor(page) {
    this._page = page;
    this._read = new Map();
    this._rolling = new Map();
    this._latest = new Latest();
  }

  async load() {
    const from = daysAfter(this._page.today(), -2);
    await this._latest.run((signal) => Promise.all(READ.map(async (measure) => {
      const { points } = await this._page.series({ measure, window: "day", from }, signal);
      this._read.set(measure, new Map(points.map(({ start, value }) => [start, value])));
    })));
    this.render();
  }

  /** Take what the chart of rolling users has read anyway. */
  rolling(measure, points) {
    this._rolling.set(measure, points.slice(-2).map(({ value }) => value));
    this.render();
  }

  render() {
    const today = this._page.today();
    const [yesterday, before] = [daysAfter(today, -1), daysAfter(today, -2)];
    for (const measure of DAILY) {
      const [now, last, earlier] = [today, yesterday, before].map((day) => this._number(measure, day));
      fill(measure, count(now), soFar(now, last), lastFullDay(last, earlier));
    }
    this._notHandled(today, yesterday);
    this._rollingTiles(today);
    write(find("#today-date"), this._page.todayWords());
  }

  _number(measure, day) {
    return this._page.cells.value(measure, "day", day, this._read.get(measure)?.get(day));
  }

  _notHandled(today, yesterday) {
    const turns = this._number("messages_in", today);
    // Nothing not handled makes no cell: once messages are known, no cell means none.
    const missed = this._number("not_handled", today) ?? (turns === undefined ? undefined : 0);
    const [turnsThen, missedThen] = [this._number("messages_in", yesterday), this._number("not_handled", yesterday) ?? 0];
    fill("not_handled", turns ? share(missed / turns) : share(undefined),
      !turns ? "" : `${count(missed)} of ${count(turns)} turns`,
      turnsThen ? `yesterday ${share(missedThen / turnsThen)}` : "");
  }

  _rollingTiles(today) {
    const active = this._number("active_users", today);
    for (const measure of ["active_users_7d", "active_users_30d"]) {
      const values = this._rolling.get(measure);
      if (!values) continue;
      const now = values.at(-1);
      const sticky = measure === "active_users_30d" && now && active !== undefined ? `stickiness ${share(active / now)}` : "";
      fill(measure, count(now), values.length > 1 ? `yesterday ${count(values[0])}` : "", sticky);
    }
  }
}

const soFar = (now, last) => {
  if (now === undefined || last === undefined) return "";
  const rate = growth(now, last);
  return rate === null ? "yesterday 0" : `${signed(rate)} so far, yesterday ${count(last)}`;
};

const lastFullDay = (last, earlier) => {
  const rate = last === undefined || earlier === undefined ? null : growth(last, earlier);
  return rate === null ? "" : `last full day ${signed(rate)}`;
};

function fill(measure, value, line, second) {
  const tile = document.getElementById(`tile-${measure}`);
  write(find("[data-value]", tile), value);
  write(find("[data-line]", tile), line);
  write(find("[data-second]", tile), second);
}
