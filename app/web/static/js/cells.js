// Numbers that came live, by measure, dimension, window and start. They hold over what was read before.

const MOST_STARTS = 200;

export class Cells {
  constructor() { this.clear(); }

  clear() {
    this._numbers = new Map();
    this.newestDay = "";
  }

  take(cells) {
    for (const { measure, dim, key, window, start, value } of cells) {
      const starts = getOr(this._numbers, name(measure, dim, window), () => new Map());
      getOr(starts, place(window, start), () => new Map()).set(key, value);
      if (window === "day" && start > this.newestDay) this.newestDay = start;
      if (starts.size > MOST_STARTS) starts.delete(starts.keys().next().value);
    }
  }

  /** The total of a period, or `otherwise` when nothing came live. */
  value(measure, window, start, otherwise) {
    return this._numbers.get(name(measure, "", window))?.get(place(window, start))?.get("") ?? otherwise;
  }

  /** key -> number of one period. */
  groups(measure, dim, window, start) {
    return this._numbers.get(name(measure, dim, window))?.get(place(window, start)) ?? new Map();
  }
}

const name = (measure, dim, window) => `${measure}|${dim}|${window}`;

/** Minutes are instants, whatever offset they are written with; days are local dates. */
const place = (window, start) =>
  (window === "minute" || window === "hour") && typeof start === "string" ? Date.parse(start) : start;

function getOr(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}
