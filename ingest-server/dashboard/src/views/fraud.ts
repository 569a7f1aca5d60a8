// What was set apart. Nothing of it is deleted: it is kept, marked, and shown beside what counts.
import { type Counts, notCounted, type Series, series } from "../api.ts";
import { chart } from "../chart.ts";
import { type Child, h } from "../dom.ts";
import { share, whole } from "../format.ts";
import { panel } from "../panel.ts";
import { ZONE } from "../range.ts";
import { grid } from "../tables.ts";
import { bucketName, type Context, saving } from "./context.ts";
import { why } from "./reasons.ts";

const KINDS = [
  ["suspect", "--suspect", "would count, but analysis found it suspicious"],
  ["invalid", "--invalid", "contradicts itself or the signed times"],
  ["muted", "--muted", "enough was played, but not audibly"],
  ["short", "--short", "too little was heard"],
] as const;

export function fraud(context: Context): HTMLElement[] {
  const { range, state, signal } = context;
  return [
    panel({
      title: "Set apart",
      signal,
      wide: true,
      load: (ended) =>
        Promise.all([
          series({ of: "all" }, range, range.bucket, ZONE, ended),
          state.compare ? series({ of: "all" }, range.before, range.bucket, ZONE, ended) : undefined,
        ]),
      show: ([now, before]) => shown(now, before?.total, context),
    }),
    why({ of: "all" }, context, true),
  ];
}

function shown(now: Series, before: Counts | undefined, { range }: Context): Child[] {
  const all = now.total.valid + notCounted(now.total);
  if (all === 0) return [];
  const rows = KINDS.map(([kind, , meaning]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("b", {}, kind), ` ${meaning}`),
      h("td", {}, whole(now.total[kind])),
      h("td", {}, share(now.total[kind], all)),
      h("td", { class: "spare" }, before ? whole(before[kind]) : "–"),
    ),
  );
  const drawn = chart({
    title: "What was set apart over time",
    points: now.buckets.map(({ from }) => from / 1000),
    name: bucketName(range),
    time: true,
    lines: KINDS.map(([kind, colour]) => ({ label: kind, colour, values: now.buckets.map((bucket) => bucket[kind]) })),
  });
  return [
    drawn,
    grid("What was set apart", ["Kind", "Sessions", "Of all", "Period before"], rows),
    saving("set-apart", now),
  ];
}
