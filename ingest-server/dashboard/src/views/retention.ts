// Where in a track people begin, listen and stop.
import { type Retention, retention } from "../api.ts";
import { chart } from "../chart.ts";
import { type Child, h } from "../dom.ts";
import { clock, share, whole } from "../format.ts";
import { panel } from "../panel.ts";
import { type Context, save } from "./context.ts";

export function retentionOf(track: string, { range, signal }: Context): HTMLElement {
  return panel({
    title: "Where people listen",
    signal,
    wide: true,
    load: (ended) => retention(track, range, ended),
    show: (answer) => shown(track, answer),
    empty: "No session of this time tells the track's length and what was heard of it.",
  });
}

function shown(track: string, { sessions, length_ms, heard, started, ended }: Retention): Child[] {
  if (sessions === 0) return [];
  const places = heard.map((_, part) => (part * length_ms) / heard.length / 1000);
  const at = (part: number) => clock(places[part] ?? 0);
  const shares = (counts: readonly number[]) => counts.map((count) => count / sessions);
  const drawn = chart({
    title: "Where people listen",
    points: places,
    name: clock,
    time: false,
    lines: [
      { label: "listen", values: shares(heard), colour: "--valid" },
      { label: "begin", values: shares(started), colour: "--begin", faint: true },
      { label: "stop", values: shares(ended), colour: "--rejected", faint: true },
    ],
    value: (part) => share(part, 1),
  });
  const figures: [string, string][] = [
    ["Sessions", whole(sessions)],
    ["Begin at the start", share(started[0] ?? 0, sessions)],
    ["Hear the middle", share(heard[heard.length / 2] ?? 0, sessions)],
    ["Hear the end", share(heard.at(-1) ?? 0, sessions)],
    ["Most leave at", mostAt(ended.slice(0, -1), sessions, at)],
    ["Most join at", mostAt([0, ...started.slice(1)], sessions, at)],
  ];
  const rows = heard.map((count, part) => [places[part] ?? 0, count, started[part] ?? 0, ended[part] ?? 0]);
  return [
    h(
      "dl",
      { class: "figures" },
      ...figures.map(([name, text]) =>
        h("div", { class: "figure" }, h("dt", {}, name), h("dd", {}, h("strong", {}, text))),
      ),
    ),
    drawn,
    h(
      "p",
      { class: "small" },
      "Of sessions that count, and of those too short to count, for who skips early is among them. In a hundred parts of the track.",
    ),
    save(`retention-${track}`, ["from_s", "heard", "started", "ended"], rows),
  ];
}

/** The place where most do something, and which share that is. */
function mostAt(counts: readonly number[], sessions: number, at: (part: number) => string): string {
  const most = Math.max(...counts);
  return most > 0 ? `${at(counts.indexOf(most))} (${share(most, sessions)})` : "–";
}
