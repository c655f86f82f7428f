// Numbers and times as a person reads them; times in the bot's zone.

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });
const NONE = "–";

export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));
export const compact = (value) => short.format(value);
export const decimal = (value) => (value === null || value === undefined ? NONE : precise.format(value));
export const share = (value) => (value === null || value === undefined ? NONE : `${tenths.format(value * 100)} %`);

/** (current - previous) / previous; null where that says nothing. */
export function growth(current, previous) {
  return previous ? (current - previous) / previous : null;
}

export function signed(rate) {
  const sign = rate > 0 ? "+" : rate < 0 ? "−" : "±";
  return `${sign}${tenths.format(Math.abs(rate) * 100)} %`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${precise.format(value)} ${units[unit]}`;
}

export function lasting(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 60) return `${precise.format(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${whole.format(Math.floor(seconds / 3600))} h ${Math.round((seconds % 3600) / 60)} min`;
}

const utc = (options) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
const dayMonth = utc({ day: "numeric", month: "short" });
const longDay = utc({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const monthYear = utc({ month: "short", year: "numeric" });

/** A local date (2004-05-27) as words; `window` says what begins there. */
export function period(start, window = "day", isLong = false) {
  const at = new Date(`${start}T00:00:00Z`);
  if (window === "month") return monthYear.format(at);
  if (window === "week") return isLong ? `week of ${longDay.format(at)}` : dayMonth.format(at);
  return isLong ? longDay.format(at) : dayMonth.format(at);
}

/** The date `days` after a date. */
export function daysAfter(date, days) {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** Clock of a time zone. A zone the browser does not know is shown as UTC, and named so. */
export class Clock {
  constructor(zone) {
    this.zone = knows(zone) ? zone : "UTC";
    const make = (options) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: this.zone });
    const digits = "2-digit";
    this._seconds = make({ hour: digits, minute: digits, second: digits, hourCycle: "h23" });
    this._minutes = make({ hour: digits, minute: digits, hourCycle: "h23" });
    this._date = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: digits, day: digits, timeZone: this.zone });
  }
  time(at) { return this._seconds.format(at); }
  minute(at) { return this._minutes.format(at); }
  date(at) {
    const parts = Object.fromEntries(this._date.formatToParts(at).map((part) => [part.type, part.value]));
    return `${parts.year}-${parts.month}-${parts.day}`;
  }
}

function knows(zone) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
