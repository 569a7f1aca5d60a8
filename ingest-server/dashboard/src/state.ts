// What is shown stands in the address, so that it can be kept and sent to others; who looks does not.

export const VIEWS = ["overview", "track", "artist", "integrity", "fraud"] as const;
export const RANGES = ["24h", "7d", "28d", "90d", "12m", "custom"] as const;

export type View = (typeof VIEWS)[number];
export type RangeName = (typeof RANGES)[number];

export interface State {
  view: View;
  /** The track or artist. */
  id: string;
  range: RangeName;
  /** Of a custom range: its first and last day, as `2026-11-28`. */
  from: string;
  to: string;
  /** Whether the period before is shown too. */
  compare: boolean;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function parse(search: string): State {
  const params = new URLSearchParams(search);
  const one = <Name extends string>(names: readonly Name[], value: string | null, otherwise: Name) =>
    names.find((name) => name === value) ?? otherwise;
  const dayOf = (name: string) => (DAY.test(params.get(name) ?? "") ? (params.get(name) ?? "") : "");
  const [from, to] = [dayOf("from"), dayOf("to")];
  const range = one(RANGES, params.get("range"), "28d");
  return {
    view: one(VIEWS, params.get("view"), "overview"),
    id: params.get("id") ?? "",
    range: range === "custom" && !(from && to && from <= to) ? "28d" : range,
    from,
    to,
    compare: params.get("compare") !== "no",
  };
}

/** The address of a state, as short as it can be. */
export function address(state: State): string {
  const params = new URLSearchParams();
  if (state.view !== "overview") params.set("view", state.view);
  if ((state.view === "track" || state.view === "artist") && state.id) params.set("id", state.id);
  if (state.range !== "28d") params.set("range", state.range);
  if (state.range === "custom") {
    params.set("from", state.from);
    params.set("to", state.to);
  }
  if (!state.compare) params.set("compare", "no");
  const query = params.toString();
  return location.pathname + (query ? `?${query}` : "");
}
