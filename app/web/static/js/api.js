// Reads from /data/v1 with the page's session, and says plainly why something could not be read.

const TIMEOUT_MS = 35_000;
const AT_ONCE = 4;

let skewMs = skewOf(Number(document.documentElement.dataset.now));
let running = 0;
const waiting = [];

/** The server's clock, as far as the page and answers tell; they name whole seconds. */
export const now = () => Date.now() + skewMs;

export class Refused extends Error {
  constructor(status, code, message, retryAfterS = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfterS });
  }
  /** It may work later: the server or ClickHouse is away. */
  get isAway() { return this.status === 0 || this.status >= 500 || this.status === 429; }
  get isSignedOut() { return this.status === 401; }
}

/** Read one address. The stream and a few reads at once leave the browser a connection to spare. */
export async function read(path, parameters = {}, signal = undefined) {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await ask(path, parameters, signal);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function ask(path, parameters, signal) {
  const query = new URLSearchParams(parameters).toString();
  const limits = [AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])];
  let answer;
  try {
    answer = await fetch(query ? `${path}?${query}` : path, {
      headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store", signal: any(limits),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "unreachable", "The server does not answer.");
  }
  noteClock(answer);
  const content = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return content;
  throw refusal(answer, content);
}

export function refusal(answer, content) {
  const { code = "unreadable", message = "The server's answer cannot be read." } = content?.error ?? {};
  return new Refused(answer.status, code, message, Number(answer.headers.get("Retry-After")) || 0);
}

export function noteClock(answer) {
  const said = Date.parse(answer.headers.get("Date") ?? "");
  if (Number.isFinite(said)) skewMs = skewOf(said);
}

/** The header is cut to seconds, and a page takes a while to come: differences below that are no news. */
function skewOf(said) {
  const skew = said - Date.now();
  return Math.abs(skew) < 2000 ? 0 : skew || 0;
}

function any(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  return controller.signal;
}
