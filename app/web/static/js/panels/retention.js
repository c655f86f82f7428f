// Who came back: a row per cohort, a column per period after it, the deeper the colour the more.

import { el, find, write } from "../dom.js";
import { count, daysAfter, period, share } from "../format.js";
import { Latest, Panel } from "../panel.js";

const COHORTS = { day: 14, week: 10, month: 12 };
const LENGTH_DAYS = { day: 1, week: 7, month: 30 };
const RULES = {
  on: (n, unit) => `active in exactly ${unit} ${n}`,
  on_or_after: (n, unit) => `active in ${unit} ${n} or any later one`,
  unbroken: (n, unit) => `active in every ${unit} from 0 to ${n}`,
  windows: (n, unit) => `active in window ${n} of ${{ day: "24 hours", week: "168 hours", month: "30 days" }[unit]} after their first activity`,
};

const NAMES = {
  on: (unit) => `in exactly ${unit} n (classic)`,
  on_or_after: (unit) => `in ${unit} n or later (rolling)`,
  unbroken: (unit) => `in every ${unit} until n (unbroken)`,
  windows: (unit) => `${{ day: "n times 24 hours", week: "n times 7 days", month: "n times 30 days" }[unit]} after the first time`,
};

export class Retention {
  constructor(page) {
    this._page = page;
    this._panel = new Panel("retention", page.clock);
    this._latest = new Latest();
    this._box = find("#heat");
    this._mode = find("#mode");
    this._mode.addEventListener("change", () => page.reload(this));
  }

  async load() {
    const { period: unit } = this._page.choices;
    const mode = this._mode.value;
    const cohorts = COHORTS[unit];
    for (const option of this._mode.options) write(option, NAMES[option.value](unit));
    const from = daysAfter(this._page.today(), -(cohorts - 1) * LENGTH_DAYS[unit]);
    try {
      const answer = await this._latest.run((signal) =>
        this._page.read("retention", { period: unit, mode, from, periods: cohorts }, signal));
      if (!answer) return;
      this._show(answer, unit, mode);
    } catch (error) {
      this._panel.away(error.message);
      throw error;
    }
  }

  _show({ cohorts, overall }, unit, mode) {
    if (!cohorts.some(({ size }) => size)) {
      this._box.replaceChildren();
      return this._panel.empty("Nobody was active for the first time in this range.");
    }
    const columns = cohorts.map((_, n) => n).slice(1);
    const head = el("tr", {}, el("th", { scope: "col" }, `First ${unit}`), el("th", { scope: "col", class: "n" }, "Users"),
      ...columns.map((n) => el("th", { scope: "col", class: "n", title: RULES[mode](n, unit) }, `${unit[0].toUpperCase()}${n}`)));
    const mean = el("tr", { class: "mean" }, el("th", { scope: "row" }, "Mean"), el("td", { class: "n" }, ""),
      ...columns.map((n) => cell(overall[n]?.rate ?? null, true, overall[n] ? said(overall[n].retained, overall[n].users, n, unit, mode) : "")));
    const rows = cohorts.map((cohort, i) => row(cohort, columns, cohorts.length - 1 - i, unit, mode)).reverse();
    this._box.replaceChildren(el("table", { class: "heat" }, el("thead", {}, head), el("tbody", {}, mean, ...rows)));
    this._panel.ready();
  }
}

/** One cohort; of `begun` periods after its own there can be numbers, the others lie ahead. */
function row({ start, size, retained, complete }, columns, begun, unit, mode) {
  return el("tr", {}, el("th", { scope: "row", title: period(start, unit, true) }, period(start, unit)), el("td", { class: "n" }, count(size)),
    ...columns.map((n) => (n > begun ? el("td", { class: "ahead" })
      : cell(size ? retained[n] / size : null, complete[n], said(retained[n], size, n, unit, mode)))));
}

function cell(rate, isComplete, title) {
  const words = rate === null ? "–" : share(rate).replace(/ %$/, "");
  const made = el("td", { class: `n heat-cell${isComplete ? "" : " is-open"}`, title: isComplete ? title : `${title}; not over yet` }, words);
  if (rate !== null) made.style.setProperty("--heat", `${(Math.sqrt(rate) * 56).toFixed(1)}%`);
  return made;
}

const said = (retained, users, n, unit, mode) => `${count(retained)} of ${count(users)} users ${RULES[mode](n, unit)}`;
