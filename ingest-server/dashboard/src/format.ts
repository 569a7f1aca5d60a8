// Numbers, times and changes for people, in the visitor's language.

const WHOLE = new Intl.NumberFormat();
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const CHANGE = new Intl.NumberFormat(undefined, {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const whole = (value: number) => WHOLE.format(value);
export const moment = (ms: number) => MOMENT.format(ms);
export const day = (ms: number) => DAY.format(ms);

/** `part` of `all` in percent; nothing of nothing is a dash. */
export const share = (part: number, all: number) => (all === 0 ? "–" : PERCENT.format(part / all));

/** How `now` differs from `before`; without a before there is nothing to say. */
export const change = (now: number, before: number) => (before === 0 ? "–" : CHANGE.format(now / before - 1));

/** Heard time: hours, or minutes where there are few. */
export function duration(ms: number): string {
  if (ms >= 100 * HOUR_MS) return `${whole(Math.round(ms / HOUR_MS))} h`;
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  return ms >= HOUR_MS ? `${whole(Math.floor(ms / HOUR_MS))} h ${minutes} min` : `${minutes} min`;
}

/** A place in a track. */
export function clock(seconds: number): string {
  const all = Math.round(seconds);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

/** The name of a country; its code where there is none. */
export function country(code: string): string {
  try {
    return new Intl.DisplayNames(undefined, { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** A code such as `near_threshold` in words. */
export const words = (code: string) => code.replaceAll(/[_-]/g, " ");
