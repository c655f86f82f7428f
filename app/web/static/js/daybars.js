// A few days as small bars without axes, the last one still open; the numbers are in its label and under the pointer.

import { count, period } from "./format.js";
import { shape } from "./spark.js";

const STEP = 16;
const HEIGHT = 40;
const LEAST = 1.5;

/** `days` are local dates, `values` their numbers, undefined where one is not known. */
export function dayBars(days, values) {
  const most = Math.max(...values.map((value) => value ?? 0), 1);
  const picture = shape("svg", { viewBox: `0 0 ${STEP * days.length} ${HEIGHT}`, role: "img", "aria-label": dayWords(days, values) });
  days.forEach((day, i) => picture.append(bar(i, day, values[i], most, i === days.length - 1)));
  return picture;
}

export function dayWords(days, values) {
  return days.map((day, i) => `${period(day)}: ${count(values[i])}`).join(", ");
}

function bar(i, day, value, most, isOpen) {
  const height = Math.max(((value ?? 0) / most) * (HEIGHT - 2), LEAST);
  const state = value ? (isOpen ? "is-open" : "is-full") : "is-none";
  const drawn = shape("rect", { class: `day ${state}`, x: i * STEP + 2, width: STEP - 4, y: HEIGHT - 1 - height, height, rx: Math.min(2, height / 2) });
  const said = shape("title", {});
  said.textContent = `${period(day, "day", true)}${isOpen ? " so far" : ""}: ${count(value)}`;
  const whole = shape("g", {});
  whole.append(said, shape("rect", { class: "day-space", x: i * STEP, y: 0, width: STEP, height: HEIGHT }), drawn);
  return whole;
}
