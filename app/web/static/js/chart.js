// Bars and lines with uPlot: periods side by side, heights from zero, colours from the style sheet, numbers as a table.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { el, write } from "./dom.js";
import { compact, count } from "./format.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart in the panel `root`.
 *
 * series: [{label, colour, kind: "bars" | "line" | "open"}], drawn in this order; `open` bars are not over yet.
 * words(i): what the readout says about period i; undefined: about none in particular.
 */
export class Chart {
  constructor(root, series, words, columns = series.map(({ label }) => label)) {
    this._box = root.querySelector("[data-chart]");
    this._readout = root.querySelector("[data-readout]");
    this._table = new Table(root.querySelector("[data-numbers]"), columns);
    Object.assign(this, { _series: series, _words: words, _labels: [] });
    new ResizeObserver(() => this._fit()).observe(this._box);
    dark.addEventListener("change", () => this._plot?.redraw(false));
  }

  /** Show `values` (one list per series) over `labels`; `rows` are what the table says. */
  show(labels, values, rows) {
    this._labels = labels;
    const data = [labels.map((_, i) => i), ...values];
    if (!this._plot) this._plot = new uPlot(this._options(), data, this._box);
    else this._plot.setData(data);
    this._say(this._plot.cursor.idx);
    this._table.show(rows);
  }

  _fit() {
    const { clientWidth: width, clientHeight: height } = this._box;
    if (this._plot && width && (width !== this._plot.width || height !== this._plot.height)) this._plot.setSize({ width, height });
  }

  _say(index) { write(this._readout, this._words(index ?? undefined)); }

  _options() {
    const axis = { stroke: colour("--quiet"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: colour("--grid"), width: 1 };
    return {
      width: this._box.clientWidth || 320,
      height: this._box.clientHeight || 220,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => [-0.6, Math.max(this._labels.length, 1) - 0.4] },
        y: { range: (_, __, most) => [0, Math.max(most * 1.08, 4)] },
      },
      axes: [
        { ...axis, space: 64, size: 28, incrs: [1, 2, 5, 7, 10, 15, 30, 60], grid: { show: false }, values: (_, at) => at.map((i) => this._labels[i] ?? "") },
        { ...axis, space: 36, size: 48, incrs: steps(), grid, values: (_, at) => at.map(compact) },
      ],
      series: [{}, ...this._series.map(drawn)],
      hooks: { setCursor: [(plot) => this._say(plot.cursor.idx)] },
    };
  }
}

/** A table that is only built while somebody has it open. */
export class Table {
  constructor(details, columns) {
    Object.assign(this, { _details: details, _columns: columns, _rows: [] });
    details.addEventListener("toggle", () => this._build());
  }

  show(rows) {
    this._rows = rows;
    this._build();
  }

  _build() {
    if (!this._details.open) return;
    const head = el("tr", {}, ...["Period", ...this._columns].map((name, i) => el("th", { scope: "col", class: i ? "n" : "" }, name)));
    const body = this._rows.map(([name, ...values]) =>
      el("tr", {}, el("th", { scope: "row", dir: "auto" }, name), ...values.map((value) => el("td", { class: "n" }, typeof value === "string" ? value : count(value)))));
    this._details.querySelector(".scroll").replaceChildren(
      el("table", { class: "plain-table" }, el("thead", {}, head), el("tbody", {}, ...body)));
  }
}

function drawn({ label, colour: name, kind }) {
  const stroke = colour(name);
  if (kind === "line") return { label, stroke, width: 2, points: { show: false }, spanGaps: true };
  const isOpen = kind === "open";
  return {
    label, stroke, width: isOpen ? 1.5 : 0, fill: isOpen ? colour("--open") : stroke, dash: isOpen ? [4, 3] : undefined,
    points: { show: false }, paths: uPlot.paths.bars({ size: [0.72, 44], radius: 0.12 }),
  };
}

/** Whole steps only: there is no half user. */
function steps() {
  const found = [];
  for (let ten = 1; ten < 1e12; ten *= 10) found.push(ten, 2 * ten, 5 * ten);
  return found;
}
