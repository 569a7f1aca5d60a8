// What a page is told of what an engine reports.

import type { EngineSignal } from "./engine/engine.js";
import type { PlayerEvents } from "./events.js";

type Told = { [K in keyof PlayerEvents]: readonly [type: K, detail: PlayerEvents[K]] }[keyof PlayerEvents];

/** The events of a signal, in order; of an end and a failure the player itself tells. */
export function eventsOf(signal: EngineSignal, durationMs: number | undefined): readonly Told[] {
  switch (signal.type) {
    case "playing":
      return [["playing", { positionMs: signal.positionMs }]];
    case "position":
      return [["timeupdate", { positionMs: signal.positionMs, durationMs }]];
    case "paused":
      return [["pause", { positionMs: signal.positionMs }]];
    case "stalled":
      return [["stalled", { positionMs: signal.positionMs }]];
    case "seeking":
      return [["seeking", { fromMs: signal.fromMs, toMs: signal.toMs }]];
    case "seeked":
      return [
        ["seeked", { fromMs: signal.fromMs, toMs: signal.toMs }],
        ["timeupdate", { positionMs: signal.toMs, durationMs }],
      ];
    case "engine":
      return [["enginechange", { engine: signal.engine, reason: signal.reason }]];
    case "duration":
      return [["durationchange", { durationMs }]];
    case "rate":
      return [["ratechange", { rate: signal.rate }]];
    case "volume":
      return [["volumechange", { volume: signal.volume, muted: signal.muted }]];
    default:
      return [];
  }
}
