// Server-Sent Events over fetch: unlike EventSource this sees comments (the server still lives), statuses (signed out,
// too many watchers), and lets go of its connection while nobody looks.

import { noteClock, refusal } from "./api.js";

const SILENCE_MS = 40_000;
const HIDDEN_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Follows `url` for as long as the page is open.
 *
 * onEvent(name, content) for every event; onState({name, heardAt, message}) with connecting, open, lost, resting
 * (page hidden) or refused (no use in trying again).
 */
export class Stream {
  constructor(url, onEvent, onState) {
    Object.assign(this, { url, onEvent, onState });
    this.lastId = "";
    this.heardAt = null;
    this._pauseMs = FIRST_PAUSE_MS;
    this._wake = () => {};
  }

  start() {
    document.addEventListener("visibilitychange", () => this._lookedAt(!document.hidden));
    window.addEventListener("online", () => this._wake());
    window.addEventListener("offline", () => this._attempt?.abort());
    this._follow();
  }

  async _follow() {
    this._say("connecting");
    for (;;) {
      try {
        await this._listen();
        this._say("lost", "The server ended the connection.");
      } catch (error) {
        if ([401, 403, 404].includes(error.status)) return this._say("refused", error.message, error.status);
        this._say(this._isResting ? "resting" : "lost", error.status ? error.message : "The server does not answer.");
      }
      await this._pause();
    }
  }

  async _listen() {
    this._attempt = new AbortController();
    this._expect();
    try {
      const headers = { Accept: "text/event-stream", ...(this.lastId ? { "Last-Event-ID": this.lastId } : {}) };
      const answer = await fetch(this.url, { headers, cache: "no-store", signal: this._attempt.signal });
      noteClock(answer);
      if (!answer.ok) throw refusal(answer, await answer.json().catch(() => null));
      await this._readFrames(answer.body.pipeThrough(new TextDecoderStream()).getReader());
    } finally {
      clearTimeout(this._silence);
      this._attempt.abort();
    }
  }

  async _readFrames(reader) {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this._heard();
      const frames = (rest + value).split("\n\n");
      rest = frames.pop();
      frames.forEach((frame) => this._take(frame));
    }
  }

  _take(frame) {
    let name = "message";
    const data = [];
    for (const line of frame.split("\n")) {
      const at = line.indexOf(":");
      const field = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.lastId = value;
    }
    if (data.length) this.onEvent(name, JSON.parse(data.join("\n")));
  }

  _heard() {
    this.heardAt = Date.now();
    this._pauseMs = FIRST_PAUSE_MS;
    this._expect();
    this._say("open");
  }

  /** Without a word for so long, the other side is gone even if nobody told us. */
  _expect() {
    clearTimeout(this._silence);
    this._silence = setTimeout(() => this._attempt.abort(), SILENCE_MS);
  }

  async _pause() {
    if (!this._isResting) {
      const ms = this._pauseMs * (0.75 + Math.random() / 2);
      this._pauseMs = Math.min(this._pauseMs * 2, LONGEST_PAUSE_MS);
      await new Promise((resolve) => {
        this._wake = resolve;
        setTimeout(resolve, ms);
      });
    }
    while (this._isResting) await new Promise((resolve) => { this._wake = resolve; });
  }

  _lookedAt(isVisible) {
    clearTimeout(this._rest);
    if (isVisible) {
      this._isResting = false;
      this._wake();
    } else {
      this._rest = setTimeout(() => {
        this._isResting = true;
        this._attempt.abort();
      }, HIDDEN_MS);
    }
  }

  _say(name, message = "", status = 0) {
    if (name === this.state && name === "open") return;
    this.state = name;
    this.onState({ name, message, status, heardAt: this.heardAt });
  }
}
