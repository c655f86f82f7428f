// The live page of one bot: reads what is shown, follows what changes, and says when either is not possible.

import { now, read } from "./api.js";
import { Cells } from "./cells.js";
import { el, find, findAll, tell, write } from "./dom.js";
import { Clock, count, daysAfter, lasting, period } from "./format.js";
import { helpful } from "./helpers.js";
import { Active } from "./panels/active.js";
import { Alerts } from "./panels/alerts.js";
import { Dashboards } from "./panels/dashboards.js";
import { Intents } from "./panels/intents.js";
import { Minutes } from "./panels/minutes.js";
import { Pipeline } from "./panels/pipeline.js";
import { Retention } from "./panels/retention.js";
import { Rolling } from "./panels/rolling.js";
import { Tiles } from "./panels/tiles.js";
import { Transcript } from "./panels/transcript.js";
import { Stream } from "./stream.js";

const EVERY_MS = 60_000;
const NEWS_EVERY_MS = 15_000;
const SOONEST_RETRY_MS = 5_000;
const RENDER_EVERY_MS = 400;

class Page {
  constructor(root) {
    this._base = `/data/v1/bots/${encodeURIComponent(root.dataset.bot)}`;
    this._generation = Number(root.dataset.generation);
    this.clock = new Clock(root.dataset.zone);
    this.cells = new Cells();
    this.choices = { range: "30", window: "day", period: "day" };
    this._rememberChoices();
    const tiles = new Tiles(this);
    const minutes = new Minutes(this);
    const active = new Active(this);
    const intents = new Intents(this);
    this._transcript = new Transcript(this);
    this._alerts = new Alerts(this, (id) => dashboards.nameOf(id));
    const dashboards = new Dashboards(this, () => this._alerts.render());
    const rolling = new Rolling(this, tiles);
    const retention = new Retention(this);
    this._live = [tiles, minutes, dashboards, active, intents];
    this._byChoice = { range: [active, rolling, intents], window: [active], period: [retention] };
    this._slow = [active, rolling, intents, retention];
    this._all = [this._alerts, tiles, minutes, dashboards, ...this._slow, new Pipeline(this)];
  }

  start() {
    this.stream = new Stream(`${this._base}/live`, (name, content) => this._take(name, content), (state) => this._follow(state));
    this.stream.start();
    this.refresh();
    this._readTranscript();
    setInterval(() => write(find("#clock"), `${this.clock.time(now())}`), 1000);
    setInterval(() => this._rereadSlow(), NEWS_EVERY_MS);
  }

  today() {
    const date = this.clock.date(now());
    return this.cells.newestDay > date ? this.cells.newestDay : date;
  }
  todayWords() { return `${period(this.today(), "day", true)}, ${this.clock.zone}`; }
  rangeStart() { return daysAfter(this.today(), 1 - Number(this.choices.range)); }
  series(parameters, signal) { return this.read("series", parameters, signal); }
  read(what, parameters, signal) { return this.readAt(`${this._base}/${what}`, parameters, signal); }
  readAt(path, parameters, signal) { return read(path, parameters, signal); }

  /** Read everything again, now and then and soon after something could not be read. */
  async refresh() {
    clearTimeout(this._next);
    this._day = this.today();
    const outcomes = await Promise.allSettled(this._all.map((part) => part.load()));
    const faults = outcomes.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    this._sayHistory(faults);
    if (!this._isOpen && !faults.length) this._forgetLive();
    const retryMs = Math.max(SOONEST_RETRY_MS, ...faults.map(({ retryAfterS = 0 }) => retryAfterS * 1000));
    this._next = setTimeout(() => this.refresh(), faults.length ? retryMs : EVERY_MS);
  }

  /** What came live before the connection was lost is older than what has just been read. */
  _forgetLive() {
    this.cells.clear();
    this._live.forEach((part) => part.render());
  }

  /** Read one part again: something else was chosen for it, or it has news. */
  async reload(part) {
    try {
      await part.load();
    } catch (error) {
      this._sayHistory([error]);
      clearTimeout(this._next);
      this._next = setTimeout(() => this.refresh(), SOONEST_RETRY_MS);
    }
  }

  _take(name, content) {
    if (name === "counters" && content.generation !== this._generation) {
      location.reload(); // counted anew, in other days perhaps
    } else if (name === "counters") {
      this.cells.take(content.cells);
      if (content.cells.length) this._hasNews = true;
      this._updatedAt = content.updated_at ?? this._updatedAt;
      this._sayLive("open");
      this._renderSoon();
    } else if (name === "event") {
      this._transcript.take(content);
      this._showFirstEvent(false);
    } else if (name === "alert") {
      this._alerts.take(content);
    } else if (name === "recounting") {
      tell(find("#recounting"), content ? recounting(content, find("#bot").dataset) : "");
    }
    if (content?.cells?.some(({ value }) => value)) this._showFirstEvent(false);
  }

  _renderSoon() {
    this._rendering ??= setTimeout(() => {
      this._rendering = null;
      requestAnimationFrame(() => this._live.forEach((part) => part.render()));
      if (this.today() !== this._day) this.refresh();
    }, RENDER_EVERY_MS);
  }

  /** What does not come live by itself follows a little later. */
  _rereadSlow() {
    if (!this._hasNews || document.hidden) return;
    this._hasNews = false;
    this._slow.forEach((part) => this.reload(part));
  }

  async _readTranscript() {
    try {
      this._showFirstEvent(!(await this._transcript.load()) && !this.cells.newestDay);
    } catch {
      setTimeout(() => this._readTranscript(), 2 * SOONEST_RETRY_MS);
    }
  }

  _showFirstEvent(isShown) {
    const card = find("#first-event");
    if (!isShown && !card.hidden) this.refresh();
    card.hidden = !isShown;
  }

  _follow({ name, message, status, heardAt }) {
    const wasLost = this._isOpen === false;
    this._isOpen = name === "open";
    if (this._isOpen) tell(find("#recounting"), ""); // the stream says again what still goes on
    document.body.classList.toggle("is-stale", name === "lost" || name === "refused");
    this._sayLive(name);
    if (status === 401) return tellSignedOut();
    const since = heardAt === null ? "" : ` Numbers are as of ${this.clock.time(heardAt)} ${this.clock.zone}.`;
    const words = {
      lost: `Connection lost.${since} ${message} Connecting again…`,
      refused: `${message}${since}`,
    };
    tell(find("#connection"), words[name] ?? "");
    if (name === "open" && wasLost && heardAt !== null) this.refresh();
  }

  _sayLive(name) {
    const at = this._updatedAt ? ` · ${this.clock.time(new Date(this._updatedAt))}` : "";
    const words = { open: `live${at}`, connecting: "connecting", lost: "not live", resting: "paused", refused: "not live" };
    find("#live").dataset.state = name;
    write(find("#live [data-words]"), words[name]);
  }

  _sayHistory(faults) {
    if (faults.some(({ isSignedOut }) => isSignedOut)) return tellSignedOut();
    const fault = faults.find(({ status }) => status > 0) ?? (this._isOpen ? faults[0] : undefined);
    tell(find("#history"), fault ? `History cannot be read now: ${fault.message} What comes live goes on, and this page tries again every few seconds.` : "");
  }

  _rememberChoices() {
    const address = new URL(location);
    for (const box of findAll("[data-choice]")) {
      const name = box.dataset.choice;
      const wanted = find(`input[value="${CSS.escape(address.searchParams.get(name) ?? "")}"]`, box);
      if (wanted) wanted.checked = true;
      this.choices[name] = find("input:checked", box).value;
      box.addEventListener("change", () => this._choose(name, find("input:checked", box).value));
    }
  }

  _choose(name, value) {
    this.choices[name] = value;
    const address = new URL(location);
    address.searchParams.set(name, value);
    history.replaceState(null, "", address);
    this._byChoice[name].forEach((part) => this.reload(part));
  }
}

const silence = (seconds) => (seconds % 60 ? lasting(seconds) : `${seconds / 60} min`);

/** What is going on while numbers are counted anew with other settings. */
function recounting({ time_zone, week_start, session_gap_s, events, of }, shown) {
  const wanted = [
    time_zone === shown.zone ? "" : `days in ${time_zone}`,
    week_start === shown.weekStart ? "" : `weeks from ${week_start === "monday" ? "Monday" : "Sunday"}`,
    session_gap_s === Number(shown.gap) ? "" : `sessions ended by ${silence(session_gap_s)} of silence`,
  ].filter(Boolean).join(", ");
  const far = of ? ` ${Math.floor((100 * events) / of)} % of ${count(of)} events are done.` : "";
  return `Numbers are being counted anew: ${wanted}.${far} Until then this page shows them as they were.`;
}

function tellSignedOut() {
  const banner = find("#connection");
  const onward = encodeURIComponent(location.pathname + location.search);
  banner.replaceChildren("You are signed out, the numbers stand still. ", el("a", { href: `/login?next=${onward}` }, "Sign in"));
  banner.hidden = false;
}

helpful();
new Page(find("#bot")).start();
