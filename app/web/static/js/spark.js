// A line of numbers as a small picture, without axes; the numbers are in its label.

import { count } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 160;
const HEIGHT = 36;

export function spark(values) {
  const most = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const places = values.map((value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 3 - (value / most) * (HEIGHT - 6)).toFixed(1)}`);
  const picture = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", preserveAspectRatio: "none",
    "aria-label": `from ${count(values[0])} to ${count(values.at(-1))}, at most ${count(Math.max(...values, 0))}` });
  picture.append(
    shape("path", { class: "spark-area", d: `M0,${HEIGHT}L${places.join("L")}L${WIDTH},${HEIGHT}Z` }),
    shape("polyline", { class: "spark-line", points: places.join(" "), "vector-effect": "non-scaling-stroke" }));
  return picture;
}

export function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
