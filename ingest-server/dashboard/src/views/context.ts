// What every view is given.
import type { Series } from "../api.ts";
import { h } from "../dom.ts";
import { csv, save as download } from "../download.ts";
import { day, moment } from "../format.ts";
import type { Range } from "../range.ts";
import type { State } from "../state.ts";

export interface Context {
  state: State;
  range: Range;
  /** Ends when the view is left. */
  signal: AbortSignal;
  /** A link to another view. */
  link: (change: Partial<State>, text: string) => HTMLElement;
}

/** The name of a bucket that begins at `seconds`. */
export const bucketName = (range: Range) => (seconds: number) =>
  range.bucket === "hour" ? moment(seconds * 1000) : day(seconds * 1000);

/** A button that saves a series. */
export function saving(name: string, { buckets }: Series): HTMLElement {
  const columns = ["valid", "short", "muted", "suspect", "invalid", "listeners", "heard_ms"] as const;
  const rows = buckets.map((bucket) => [
    new Date(bucket.from).toISOString(),
    new Date(bucket.to).toISOString(),
    ...columns.map((column) => bucket[column]),
  ]);
  return save(name, ["from", "to", ...columns], rows);
}

/** A button that saves a table. */
export function save(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): HTMLElement {
  const write = () => download(`${name}.csv`, new Blob([csv([columns, ...rows])], { type: "text/csv" }));
  return h("button", { type: "button", class: "quiet", onclick: write }, "Download CSV");
}
