// One card of the page: loading, ready, nothing to show, or away with the reason; old numbers stay and are named old.

import { find, tell } from "./dom.js";

export class Panel {
  constructor(name, clock) {
    this.root = document.getElementById(name);
    this._note = find("[data-note]", this.root);
    this._clock = clock;
    this._readAt = null;
  }

  ready(note = "") {
    this._readAt = Date.now();
    this._set("ready", note);
  }

  empty(note) {
    this._readAt = Date.now();
    this._set("empty", note);
  }

  away(message) {
    if (this._readAt === null) this._set("away", message);
    else this._set("old", `As of ${this._clock.time(this._readAt)} ${this._clock.zone}. ${message}`);
  }

  /** Forget what was shown: something else has been asked for. */
  waiting() {
    this._set("loading", "");
  }

  _set(state, note) {
    this.root.dataset.state = state;
    tell(this._note, note);
  }
}

/** The newest of several calls wins; those before are broken off. */
export class Latest {
  async run(work) {
    this._own?.abort();
    const own = (this._own = new AbortController());
    try {
      const answer = await work(own.signal);
      return own.signal.aborted ? undefined : answer;
    } catch (error) {
      if (own.signal.aborted) return undefined;
      throw error;
    }
  }
}
