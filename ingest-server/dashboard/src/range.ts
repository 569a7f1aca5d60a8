// From a range's name to the times that are asked for, in the visitor's time zone, and the same length before.
import type { RangeName, State } from "./state.ts";

export interface Period {
  from: number;
  to: number;
}

export interface Range extends Period {
  bucket: "hour" | "day" | "week" | "month";
  /** The period before, as long and as far into its last day. */
  before: Period;
}

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The step in which times are counted, in milliseconds. */
const STEP_MS = 15 * 60 * 1000;
const DAYS: Record<Exclude<RangeName, "24h" | "12m" | "custom">, number> = { "7d": 7, "28d": 28, "90d": 90 };

export function resolve(state: Pick<State, "range" | "from" | "to">, now = Date.now()): Range {
  const end = now - (now % STEP_MS) + STEP_MS;
  if (state.range === "24h") return hours(end);
  if (state.range === "12m") return months(end);
  if (state.range === "custom") return between(state.from, state.to);
  const days = DAYS[state.range];
  return daily({ from: shift(midnight(end - STEP_MS), 1 - days), to: end }, days);
}

function hours(to: number): Range {
  const day = 24 * 60 * 60 * 1000;
  return { from: to - day, to, bucket: "hour", before: { from: to - 2 * day, to: to - day } };
}

function months(to: number): Range {
  const from = new Date(to);
  from.setHours(0, 0, 0, 0);
  from.setDate(1);
  from.setMonth(from.getMonth() - 11);
  const year = (time: number | Date) => {
    const before = new Date(time);
    before.setFullYear(before.getFullYear() - 1);
    return before.getTime();
  };
  return { from: from.getTime(), to, bucket: "month", before: { from: year(from), to: year(to) } };
}

function between(first: string, last: string): Range {
  const from = new Date(`${first}T00:00`).getTime();
  const to = shift(new Date(`${last}T00:00`).getTime(), 1);
  const days = Math.round((to - from) / (24 * 60 * 60 * 1000));
  return daily({ from, to }, days);
}

function daily({ from, to }: Period, days: number): Range {
  const bucket = days <= 2 ? "hour" : days <= 120 ? "day" : days <= 400 ? "week" : "month";
  return { from, to, bucket, before: { from: shift(from, -days), to: shift(to, -days) } };
}

/** The same time of the clock so many days later. */
function shift(time: number, days: number): number {
  const date = new Date(time);
  date.setDate(date.getDate() + days);
  return date.getTime();
}

function midnight(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
