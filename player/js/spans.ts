// Spans of media time: what of a track is loaded, and what was heard.

import type { EngineSignal } from "./engine/engine.js";

/** From one place to another, in milliseconds. */
export type Span = readonly [fromMs: number, toMs: number];

/** How far `spans` reach from a place on, in milliseconds. */
export function reach(spans: readonly Span[], at: number): number {
  const around = spans.find(([from, to]) => from <= at && at <= to);
  return around ? around[1] - at : 0;
}

/** `spans`, which stand in order and apart, with one more. */
export function join(spans: readonly Span[], [from, to]: Span): readonly Span[] {
  const apart = spans.filter(([a, b]) => b < from || a > to);
  const touched = spans.filter(([a, b]) => b >= from && a <= to);
  const whole: Span = [Math.min(from, ...touched.map(([a]) => a)), Math.max(to, ...touched.map(([, b]) => b))];
  return [...apart, whole].sort(([a], [b]) => a - b);
}

/** What was heard of the track that is loaded, as the engine tells it: sounded, and not silent. For the eye alone. */
export class Heard {
  spans: readonly Span[] = [];
  #from: number | undefined;
  #isSounding = false;
  #isAudible = true;

  signal(signal: EngineSignal, { volume, muted }: { readonly volume: number; readonly muted: boolean }): void {
    switch (signal.type) {
      case "playing":
        this.#isSounding = true;
        this.#isAudible = !muted && volume > 0;
        this.#from = signal.positionMs;
        break;
      case "position":
        if (this.#from === undefined) break;
        if (this.#isAudible && signal.positionMs > this.#from)
          this.spans = join(this.spans, [this.#from, signal.positionMs]);
        this.#from = signal.positionMs;
        break;
      case "seeking":
        this.#from = undefined;
        break;
      case "seeked":
        if (this.#isSounding) this.#from = signal.toMs;
        break;
      case "volume":
        this.#isAudible = !signal.muted && signal.volume > 0;
        break;
      case "paused":
      case "stalled":
      case "ended":
      case "failed":
        this.#isSounding = false;
        this.#from = undefined;
        break;
    }
  }

  /** Another play begins. */
  clear(): void {
    this.spans = [];
    this.#from = undefined;
    this.#isSounding = false;
  }
}
