// Figures and a chart of plays over time: of all, of a track, or of an artist.
import { type Counts, notCounted, type Series, type Subject, series } from "../api.ts";
import { chart } from "../chart.ts";
import { type Child, h } from "../dom.ts";
import { change, duration, share, whole } from "../format.ts";
import { panel } from "../panel.ts";
import { ZONE } from "../range.ts";
import { bucketName, type Context, saving } from "./context.ts";

export function playsOverTime(subject: Subject, context: Context): HTMLElement {
  const { range, state, signal } = context;
  return panel({
    title: "Plays over time",
    signal,
    wide: true,
    load: (ended) =>
      Promise.all([
        series(subject, range, range.bucket, ZONE, ended),
        state.compare ? series(subject, range.before, range.bucket, ZONE, ended) : undefined,
      ]),
    show: ([now, before]) => shown(now, before, subject, context),
  });
}

function shown(now: Series, before: Series | undefined, subject: Subject, { range }: Context): Child[] {
  if (now.total.valid + notCounted(now.total) === 0 && !before?.total.valid) return [];
  const places = now.buckets.map(({ from }) => from / 1000);
  const lines = [
    { label: "valid", values: now.buckets.map(({ valid }) => valid), colour: "--valid" },
    { label: "not counted", values: now.buckets.map(notCounted), colour: "--rejected" },
  ];
  const past = before?.buckets.map(({ valid }) => valid);
  const then = past && { label: "valid, period before", values: places.map((_, place) => past[place] ?? 0) };
  const drawn = chart({
    title: "Plays over time",
    points: places,
    name: bucketName(range),
    time: true,
    lines: then ? [...lines, { ...then, colour: "--before", faint: true }] : lines,
  });
  return [figures(now.total, before?.total), drawn, saving(["plays", subject.id ?? subject.of].join("-"), now)];
}

/** The figures that are looked at first. */
function figures(now: Counts, before: Counts | undefined): HTMLElement {
  const figure = (name: string, text: string, value: number, past: number | undefined) =>
    h(
      "div",
      { class: "figure" },
      h("dt", {}, name),
      h(
        "dd",
        {},
        h("strong", {}, text),
        past !== undefined &&
          h(
            "span",
            { class: "change" },
            `${change(value, past)} `,
            h("span", { class: "hidden" }, "against the period before"),
          ),
      ),
    );
  const all = now.valid + notCounted(now);
  return h(
    "dl",
    { class: "figures" },
    figure("Valid plays", whole(now.valid), now.valid, before?.valid),
    figure("Listeners", whole(now.listeners), now.listeners, before?.listeners),
    figure("Heard", duration(now.heard_ms), now.heard_ms, before?.heard_ms),
    figure("Not counted", whole(notCounted(now)), notCounted(now), before && notCounted(before)),
    h("div", { class: "figure" }, h("dt", {}, "Counted of all"), h("dd", {}, h("strong", {}, share(now.valid, all)))),
  );
}
