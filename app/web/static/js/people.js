// People: invitations, roles, and links that are shown where no mail server is set.

import { el, find, findAll } from "./dom.js";
import { ask, fieldsOf, onSend, say, send, sendForms } from "./forms.js";
import { offerCopies } from "./helpers.js";

const ROLES = ["viewer", "editor", "owner"];

function invite(form) {
  onSend(form, () => {
    const { bot, role, ...fields } = fieldsOf(form);
    return send(form, { ...fields, admin: role === "admin", roles: ROLES.includes(role) && bot ? { [bot]: role } : {} });
  }, (answer) => {
    if (!answer.link && !answer.mailed && answer.person.state !== "invited") return location.reload();
    hand(form, answer, `${answer.person.email} is invited.`);
    form.reset();
  });
  const role = find("[name=role]", form);
  const bot = find("[data-bot-field]", form);
  role.addEventListener("change", () => { bot.hidden = role.value === "admin"; });
}

/** A role is put, or taken away where none is chosen. */
function changeRole(form) {
  onSend(form, () => {
    const { bot, role } = fieldsOf(form);
    return ask(role ? "PUT" : "DELETE", `/data/v1/bots/${encodeURIComponent(bot)}/people/${form.dataset.role}`, { role });
  }, () => location.reload());
}

function makeLink(form) {
  onSend(form, () => send(form), (answer) => hand(form, answer, ""));
}

/** Say where a link went, or show it to be passed on. */
function hand(form, { link, mailed }, words) {
  say(form, [words, mailed ? "The link is on its way by e-mail." : ""].filter(Boolean).join(" "));
  const said = find(":scope > .done", form);
  if (mailed) return;
  if (!link) {
    said.append(" They are known to other bots too, so an administrator makes the link for them.");
    return;
  }
  const snippet = el("div", { class: "snippet" },
    el("pre", { tabindex: "0", "aria-label": "Link" }, el("code", {}, link)),
    el("button", { class: "copy", type: "button", "data-copy": true, hidden: true }, "Copy"));
  said.append(" Pass this link on; it works once, and whoever has it can choose the password.", snippet);
  offerCopies(snippet);
}

/** The bots to choose from are on the page once, and are filled in where somebody is opened. */
function fillBots(person) {
  person.addEventListener("toggle", () => {
    const select = find("select[data-bots]", person);
    if (!select || select.options.length) return;
    const has = new Set(findAll("form[data-role] [name=bot][type=hidden]", person).map(({ value }) => value));
    const options = [...find("#bot-options").content.children].filter(({ value }) => !has.has(value));
    select.append(...options.map((option) => option.cloneNode(true)));
    select.closest("form").hidden = !options.length;
  });
}

sendForms();
findAll("form[data-invite]").forEach(invite);
findAll("form[data-role]").forEach(changeRole);
findAll("form[data-link]").forEach(makeLink);
findAll("details.person").forEach(fillBots);
