// A track, or an artist.
import { type Counts, counts, type Ranked, type Subject, top } from "../api.ts";
import { type Child, h } from "../dom.ts";
import { country, share, whole } from "../format.ts";
import { panel } from "../panel.ts";
import { grid, ranking, spread } from "../tables.ts";
import type { Context } from "./context.ts";
import { playsOverTime } from "./plays.ts";
import { why } from "./reasons.ts";
import { retentionOf } from "./retention.ts";

const SHOWN = 12;

export function subject(of: "track" | "artist", context: Context, open: (id: string) => void): HTMLElement[] {
  const { id } = context.state;
  if (!id) return [finder(of, open), list(of, { of: "all" }, context)];
  return [
    playsOverTime({ of, id }, context),
    of === "track" ? retentionOf(id, context) : list("track", { of, id }, context),
    ...spreads({ of, id }, context),
    why({ of, id }, context),
  ];
}

function spreads(subject: Subject, { range, signal }: Context): HTMLElement[] {
  const time = { from: range.from, to: range.to };
  const one = (title: string, by: "source" | "country" | "platform", name: (id: string) => string) =>
    panel<[Ranked[], Counts]>({
      title,
      signal,
      load: (ended) => Promise.all([top(by, subject, range, SHOWN, ended), counts(subject, time, ended)]),
      show: ([items, total]) => spread(title, items, total, name),
      empty: "None of the plays in this time told.",
    });
  return [
    one("What led to plays", "source", (id) => id),
    one("Countries", "country", country),
    one("Platforms", "platform", (id) => id),
    panel({
      title: "Offline",
      signal,
      load: (ended) =>
        Promise.all([counts(subject, time, ended), counts(subject, { ...time, offline: "true" }, ended)]),
      show: ([all, offline]) => offlineShare(all, offline),
    }),
  ];
}

function offlineShare(all: Counts, offline: Counts): Child[] {
  if (all.valid === 0) return [];
  const row = (name: string, valid: number) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, whole(valid)), h("td", {}, share(valid, all.valid)));
  return [
    grid(
      "Offline",
      ["From", "Plays", "Share"],
      [row("the device's own storage", offline.valid), row("the network", all.valid - offline.valid)],
    ),
  ];
}

function finder(of: "track" | "artist", open: (id: string) => void): HTMLElement {
  const input = h("input", { id: "find", name: "id", required: true, autocomplete: "off", spellcheck: "false" });
  const submit = (event: Event) => {
    event.preventDefault();
    open(input.value.trim());
  };
  return h(
    "form",
    { class: "panel whole finder", onsubmit: submit },
    h("label", { for: "find" }, `The ${of}'s identifier`),
    h("span", { class: "together" }, input, h("button", { type: "submit" }, "Show")),
  );
}

function list(of: "track" | "artist", whose: Subject, { range, signal, link }: Context): HTMLElement {
  const title = of === "track" ? "Most played tracks" : "Most played artists";
  return panel({
    title,
    signal,
    wide: true,
    load: (ended) => top(of, whose, range, 100, ended),
    show: (items) => ranking(title, items, (id) => link({ view: of, id }, id)),
  });
}
