// Builds elements. Text always becomes text: nothing here or elsewhere reads a string as HTML.

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Make an element; `properties` are attributes (class, title, data-x), children are nodes or text. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Write text only where it differs, so that nothing is painted or announced twice. */
export function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Show `text`, or hide the element when there is none. */
export function tell(element, text) {
  write(element, text);
  if (element.hidden !== !text) element.hidden = !text;
}
