// What every page does: copy buttons, and definitions that open beside their question mark.

import { findAll } from "./dom.js";

const SAID_MS = 1500;

export function helpful() {
  offerCopies();
  findAll("[popover]").forEach((text) => text.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") requestAnimationFrame(() => putBeside(text));
  }));
}

export function offerCopies(root = document) {
  findAll("[data-copy]", root).forEach(offerCopy);
}

function offerCopy(button) {
  const source = button.parentElement.querySelector("code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const isDone = await copy(source);
    button.textContent = isDone ? "Copied" : "Press Ctrl-C";
    setTimeout(() => { button.textContent = "Copy"; }, SAID_MS);
  });
}

/** The clipboard is there on https and on this machine only; elsewhere the text is selected for Ctrl-C. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return false;
  }
}

function putBeside(text) {
  const mark = document.querySelector(`[popovertarget="${text.id}"]`).getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = text;
  const left = Math.max(8, Math.min(mark.left, innerWidth - width - 8));
  const below = mark.bottom + 6;
  const top = below + height > innerHeight ? Math.max(8, mark.top - height - 6) : below;
  text.style.left = `${left}px`;
  text.style.top = `${top}px`;
}
