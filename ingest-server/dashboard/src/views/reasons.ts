// Why plays do not count.
import { type Counts, counts, notCounted, type Reason, reasons, type Subject } from "../api.ts";
import { type Child, h } from "../dom.ts";
import { share, whole, words } from "../format.ts";
import { panel } from "../panel.ts";
import { grid } from "../tables.ts";
import { type Context, save } from "./context.ts";

/** What codes mean: those of the play rule, and the signals of the analysis. An operator's own rules have others. */
const MEANINGS: Record<string, string> = {
  heard_too_little: "less was heard than counts",
  heard_long_enough: "30 s or more were heard",
  heard_half: "half or more of a short track was heard",
  not_audible: "it was muted, or at volume zero",
  rate_out_of_range: "part of it was played too slowly or too fast",
  exceeds_device_time: "more was heard than time passed on the device",
  exceeds_signed_time: "more was heard than time passed between the signed times",
  more_than_time: "a batch tells of far more than the time between the signed times around it",
  outside_signed_times: "its times lie outside of the signed times",
  automated_client: "the client says that it is a crawler, or has no screen",
  scripted_client: "the client says that it is a library for scripts",
  chain_gap: "batches before it never came",
  chain_gaps: "batches of the device are missing again and again",
  chain_fork: "two batches claim the same place in the device's chain",
  overlap: "another session was heard on the device at the same time",
  overlaps: "many sessions on the device overlap",
  clock_jump: "the device's clocks contradict each other",
  clock_jumps: "the device's clocks contradict each other again and again",
  impossible_travel: "the device moved faster than anybody travels",
  round_the_clock: "nearly every hour of a day was listened through",
  device_of_many: "many listeners on one device within a day",
  listener_on_many: "one listener on many devices within a day",
  device_burst: "more plays in an hour on the device than people make",
  listener_burst: "more plays in an hour by the listener than people make",
  network_burst: "many devices on one network with one artist",
  near_threshold: "heard times lie just above what counts",
  track_loop: "one track over and over",
  unattended: "begun by itself, never visible, never touched",
  inaudible: "mostly muted",
  flood: "more sessions than anybody has",
};

const SHOWN = 20;

export function why(subject: Subject, { range, signal }: Context, wide = false): HTMLElement {
  return panel<[Reason[], Counts]>({
    title: "Why plays do not count",
    signal,
    wide,
    load: (ended) =>
      Promise.all([reasons(subject, range, ended), counts(subject, { from: range.from, to: range.to }, ended)]),
    show: ([items, total]) => shown(items, total, subject),
    empty: "Every play of this time counts.",
  });
}

function shown(items: readonly Reason[], total: Counts, subject: Subject): Child[] {
  if (items.length === 0) return [];
  const rejected = notCounted(total);
  const rows = items.slice(0, SHOWN).map(({ status, reason, sessions }) => {
    const bar = h("span", { class: "bar" });
    bar.style.inlineSize = rejected > 0 ? `${Math.min(100, (100 * sessions) / rejected)}%` : "0";
    const meaning = MEANINGS[reason];
    return h(
      "tr",
      { "data-reason": reason },
      h("th", { scope: "row" }, h("b", {}, words(reason)), meaning && `: ${meaning}`, bar),
      h("td", {}, status),
      h("td", {}, whole(sessions)),
      h("td", { class: "spare" }, share(sessions, rejected)),
    );
  });
  const saved = items.map(({ status, reason, sessions }) => [status, reason, sessions]);
  return [
    grid("Why plays do not count", ["Why", "Kind", "Sessions", "Of those"], rows),
    save(["reasons", subject.id ?? subject.of].join("-"), ["status", "reason", "sessions"], saved),
  ];
}
