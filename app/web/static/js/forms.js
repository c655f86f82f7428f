// Forms that send JSON to /data/v1: `data-send="PATCH /data/v1/me"`, `data-after="reload"`, a path, or words to show.
// What is refused is said in the form, and at the field that the refusal names.

import { refusal } from "./api.js";
import { el, find, findAll } from "./dom.js";

const TIMEOUT_MS = 35_000;

export function sendForms() {
  findAll("form[data-send][data-after]").forEach((form) => onSend(form, () => send(form), () => finish(form)));
  findAll("[data-reveal]").forEach(reveal);
}

/** Do `work` when `form` is sent, then `done` with its answer; say in the form why it did not work. */
export function onSend(form, work, done) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
    const buttons = findAll("button", form);
    clear(form);
    buttons.forEach((button) => { button.disabled = true; });
    try {
      await done(await work());
    } catch (fault) {
      if (fault.isSignedOut) return location.reload();
      complain(form, fault);
    } finally {
      buttons.forEach((button) => { button.disabled = false; });
    }
  });
}

/** Send the fields of a form, or `body`, where `data-send` says. */
export async function send(form, body = fieldsOf(form), where = form.dataset.send) {
  const [method, path] = where.split(" ");
  return ask(method, path, body);
}

export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: method === "GET" || method === "DELETE" ? undefined : JSON.stringify(body),
    });
  } catch {
    throw refusal({ status: 0, headers: new Headers() }, { error: { code: "unreachable", message: "The server does not answer; try again." } });
  }
  const content = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return content;
  throw Object.assign(refusal(answer, content), { field: content?.error?.field ?? "" });
}

/** Fields by name; those with `data-json` hold JSON. */
export function fieldsOf(form) {
  const fields = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    fields[input.name] = input.dataset.json === undefined ? input.value : JSON.parse(input.value);
  }
  return fields;
}

export function say(form, words) {
  clear(form);
  form.prepend(el("p", { class: "done", role: "status" }, words));
}

function finish(form) {
  const { after } = form.dataset;
  if (after === "reload") location.reload();
  else if (after?.startsWith("/")) location.assign(after);
  else {
    say(form, after);
    findAll('input[autocomplete$="password"]', form).forEach((input) => { input.value = ""; });
  }
}

function complain(form, fault) {
  const name = `refusal-${Math.random().toString(36).slice(2)}`;
  form.prepend(el("p", { class: "refusal", role: "alert", id: name }, fault.message));
  const input = fault.field ? find(`[name="${CSS.escape(fault.field)}"]:not([type="hidden"])`, form) : null;
  if (!input) return;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", name);
  input.focus();
}

function clear(form) {
  findAll(":scope > .refusal, :scope > .done", form).forEach((said) => said.remove());
  findAll("[aria-invalid]", form).forEach((input) => {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  });
}

function reveal(button) {
  const input = find("input", button.parentElement);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = input.type === "text";
    input.type = isShown ? "password" : "text";
    button.textContent = isShown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!isShown));
    input.focus();
  });
}
