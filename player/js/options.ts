// How a player is set up.

import type { Telemetry, TelemetryOptions } from "@delistening/sdk";
import { AutoEngine, type EngineChoice } from "./engine/auto.js";
import type { Engine } from "./engine/engine.js";
import { NativeEngine } from "./engine/native.js";
import type { RememberOptions } from "./memory.js";
import type { Downloads } from "./offline/downloads.js";

/** How a player is set up. */
export interface PlayerOptions {
  /** Measures plays: options for a telemetry of this player's own, or one that exists. */
  telemetry?: Telemetry | TelemetryOptions;
  /**
   * What decodes and sounds: `native` is the browser's own `<audio>` and the default, `wasm` decodes by itself, `auto`
   * chooses per track and falls back on the other where one fails. Or an engine of one's own.
   */
  engine?: Engine | EngineChoice;
  /** Tracks follow on each other without a gap; with `auto`, that takes the WASM engine. */
  gapless?: boolean;
  /** How long the end of a track and the begin of the next sound together, in milliseconds; WASM engine only. */
  crossfadeMs?: number;
  /**
   * Whether loudness is evened out: by what the track says, by tags (ReplayGain, R128), or by what `analyse` found.
   * WASM engine only.
   */
  loudness?: "off" | "track" | "album";
  /** Gives a fresh address for one that has expired; WASM engine only. */
  refresh?: (src: string, status: number) => Promise<string | undefined> | string | undefined;
  /**
   * Has the waveform and the loudness of tracks that come without them found out by decoding them once, in the
   * background: the one that plays, then the one that follows. False by default, as that reads the whole file.
   */
  analyse?: boolean;
  /** Tracks on this device: what is in it is played from there, without a network. */
  downloads?: Downloads;
  /** What is kept for the next visit: the volume by default, the queue if asked; false for nothing. */
  remember?: boolean | RememberOptions;
  /** Whether the platform's media controls are connected; true by default. */
  mediaSession?: boolean;
}

/** The engine that is asked for. */
export function makeEngine(options: PlayerOptions): Engine {
  const { engine = "native", gapless, crossfadeMs, loudness, refresh } = options;
  if (typeof engine !== "string") return engine;
  if (engine === "native") return new NativeEngine();
  return new AutoEngine(engine, {
    ...(gapless !== undefined && { gapless }),
    ...(crossfadeMs !== undefined && { crossfadeMs }),
    ...(loudness !== undefined && { loudness }),
    ...(refresh !== undefined && { refresh }),
  });
}
