// What a team looks at in the morning.
import { counts, top } from "../api.ts";
import { fill, h } from "../dom.ts";
import { country, duration, whole } from "../format.ts";
import { watch } from "../live.ts";
import { panel } from "../panel.ts";
import { ranking, spread } from "../tables.ts";
import type { Context } from "./context.ts";
import { playsOverTime } from "./plays.ts";

const SHOWN = 10;
const ALL = { of: "all" } as const;

export function overview(context: Context): HTMLElement[] {
  const { range, signal, link } = context;
  const ranked = (title: string, by: "track" | "artist") =>
    panel({
      title,
      signal,
      load: (ended) => top(by, ALL, range, SHOWN, ended),
      show: (items) => ranking(title, items, (id) => link({ view: by, id }, id)),
    });
  const spreadOver = (title: string, by: "country" | "source", name: (id: string) => string) =>
    panel({
      title,
      signal,
      load: (ended) =>
        Promise.all([top(by, ALL, range, SHOWN, ended), counts(ALL, { from: range.from, to: range.to }, ended)]),
      show: ([items, total]) => spread(title, items, total, name),
      empty: "None of the plays in this time told.",
    });
  return [
    liveCounts(signal),
    playsOverTime(ALL, context),
    ranked("Tracks", "track"),
    ranked("Artists", "artist"),
    spreadOver("Countries", "country", country),
    spreadOver("What led to plays", "source", (id) => id),
  ];
}

/** Counts of all time, as they change. What is read out is the state of the connection, not every play. */
function liveCounts(signal: AbortSignal): HTMLElement {
  const numbers = h("p", { class: "live-numbers", "data-live": "" }, "…");
  const state = h("p", { class: "live-state", role: "status" }, "Connecting …");
  void watch(
    ({ valid, not_counted, heard_ms }) =>
      fill(
        numbers,
        h("strong", {}, whole(valid)),
        ` valid plays, ${whole(not_counted)} not counted, ${duration(heard_ms)} heard`,
      ),
    (yes) => {
      state.textContent = yes ? "Live" : "No connection; trying again …";
      state.dataset.connected = String(yes);
    },
    signal,
  );
  return h("section", { class: "panel whole live", "aria-label": "Live, of all time" }, state, numbers);
}
