// What the log commits to, who watches it, and a check of the shown count in the visitor's own browser.
import { request } from "../api.ts";
import { chart } from "../chart.ts";
import { type Child, h } from "../dom.ts";
import { save } from "../download.ts";
import { day, moment, whole } from "../format.ts";
import { checkpoint, type Entry, growth, newest, witnessed } from "../ledger.ts";
import { panel } from "../panel.ts";
import { allows } from "../session.ts";
import { grid } from "../tables.ts";
import type { Context } from "./context.ts";
import { verification } from "./verify.ts";

/** So many bundles of 256 entries are looked at, for growth and for statements. */
const SAMPLES = 24;
const NEWEST = 8;
const DAY_MS = 24 * 60 * 60 * 1000;

export function integrity({ signal }: Context): HTMLElement[] {
  return [
    verification(signal),
    panel({
      title: "Newest checkpoint",
      signal,
      load: (ended) => Promise.all([checkpoint(ended), witnessed(ended)]),
      show: ([{ origin, size, root, signers }, seen]) => [
        facts([
          ["Log", origin],
          ["Entries", whole(size)],
          ["Root", h("code", {}, root)],
          ["Signed by", signers.join(", ")],
          ["Witnessed", seen ? `up to entry ${whole(seen.size)}` : "no witness has cosigned"],
          ["Witnesses", seen ? seen.signers.filter((name) => name !== origin).join(", ") : "–"],
        ]),
      ],
    }),
    panel({
      title: "Statements of days",
      signal,
      load: async (ended) => newest((await checkpoint(ended)).size, NEWEST, ended),
      show: statements,
      empty: "The newest entries hold no statement: a day is stated when it is over.",
    }),
    panel({
      title: "How the log grew",
      signal,
      wide: true,
      load: async (ended) => growth((await checkpoint(ended)).size, SAMPLES, ended),
      show: (points) =>
        points.length < 2
          ? []
          : [
              chart({
                title: "How the log grew",
                points: points.map(({ at }) => at / 1000),
                name: (seconds) => moment(seconds * 1000),
                time: true,
                lines: [{ label: "entries", values: points.map(({ size }) => size), colour: "--valid" }],
              }),
            ],
      empty: "The log is too young for a chart.",
    }),
    allows("export:read") && exporting(signal),
  ].filter((element) => element !== false);
}

function facts(list: readonly (readonly [string, Child])[]): HTMLElement {
  return h("dl", { class: "facts" }, ...list.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function statements(entries: readonly Entry[]): Child[] {
  // Newest first, and of several for one day the last holds.
  const days = new Map<number, { index: number; lines: number }>();
  for (const entry of entries) {
    if (entry.kind !== "statement") continue;
    const known = days.get(entry.day);
    if (!known) days.set(entry.day, { index: entry.index, lines: entry.count });
  }
  if (days.size === 0) return [];
  const rows = [...days]
    .slice(0, 31)
    .map(([number, { index, lines }]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, day(number * DAY_MS + DAY_MS / 2)),
        h("td", {}, h("a", { href: `/log/proof/${index}` }, whole(index))),
        h("td", {}, whole(lines)),
      ),
    );
  return [grid("Statements of days", ["Day", "Entry", "Counts stated"], rows)];
}

function exporting(signal: AbortSignal): HTMLElement {
  const said = h("p", { role: "status" });
  const download = (format: "ndjson" | "parquet") => async () => {
    said.textContent = "Preparing …";
    try {
      const response = await request("/v1/export", { format }, { signal });
      save(`plays.${format}`, await response.blob());
      said.textContent = "Saved.";
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  return h(
    "section",
    { class: "panel whole", "aria-labelledby": "export-title" },
    h("h2", { id: "export-title" }, "Take everything with you"),
    h(
      "p",
      {},
      "All that the log commits to: signed batches, verdicts and statements. For large logs use the command line.",
    ),
    h(
      "p",
      { class: "together" },
      h("button", { type: "button", class: "quiet", onclick: download("ndjson") }, "Download NDJSON"),
      h("button", { type: "button", class: "quiet", onclick: download("parquet") }, "Download Parquet"),
    ),
    said,
  );
}
