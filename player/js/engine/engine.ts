// What decodes and sounds. The player speaks to every engine in these words, and to nothing behind them.

import type { PlayerErrorCode } from "../errors.js";
import type { Loudness } from "../queue.js";
import type { Span } from "../spans.js";

/** What an engine reports, as it happens. Positions are milliseconds of media time. */
export type EngineSignal =
  /** Sound is coming out from here on. */
  | { readonly type: "playing"; readonly positionMs: number }
  /** Some four times a second while it plays, and right before whatever changes how it sounds. */
  | { readonly type: "position"; readonly positionMs: number }
  | { readonly type: "paused"; readonly positionMs: number }
  | { readonly type: "stalled"; readonly positionMs: number }
  | { readonly type: "seeking"; readonly fromMs: number; readonly toMs: number }
  | { readonly type: "seeked"; readonly fromMs: number; readonly toMs: number }
  | { readonly type: "duration"; readonly durationMs: number | undefined }
  | { readonly type: "rate"; readonly rate: number }
  | { readonly type: "volume"; readonly volume: number; readonly muted: boolean }
  /** Another engine plays, for a reason. */
  | { readonly type: "engine"; readonly engine: string; readonly reason: string }
  | { readonly type: "ended"; readonly positionMs: number }
  | { readonly type: "failed"; readonly code: PlayerErrorCode; readonly message: string; readonly positionMs: number };

export type EngineListener = (signal: EngineSignal) => void;

/** One source at a time. */
export interface Engine {
  /** What telemetry calls it: `native`, `wasm`. */
  readonly name: string;
  readonly positionMs: number;
  readonly durationMs: number | undefined;
  /** What of the source is loaded. */
  readonly buffered: readonly Span[];
  volume: number;
  muted: boolean;
  rate: number;
  /** The output device that was chosen; empty for the system's own. */
  readonly device?: string;
  /** Has sound come out of another device; rejects where that cannot be, and changes nothing. */
  setDevice?(id: string): Promise<void>;
  /** Says how loud a source is, before it sounds. */
  hint?(src: string, loudness: Loudness): void;
  /** Is told everything, in order. */
  listen(listener: EngineListener): void;
  /**
   * Makes a source ready, in the place of the one before, from a place on. Where it was prepared and has begun already,
   * it goes on.
   */
  load(src: string, positionMs?: number): void;
  /** Makes ready what follows on the present source without a gap, or nothing any more. */
  prepare?(src: string | undefined): void;
  /** Resolves when sound comes out; rejects with `NotAllowedError` where the browser wants a gesture first. */
  play(): Promise<void>;
  pause(): void;
  seek(positionMs: number): void;
  /** Lets go of the source. */
  unload(): void;
}
