// Measures what the engine plays: one session per track, from its first sound to its end.

import { type PlaySession, Telemetry, type TelemetryOptions } from "@delistening/sdk";
import type { Engine, EngineSignal } from "./engine/engine.js";
import type { PlayerTrack } from "./queue.js";

type EndReason = Parameters<PlaySession["ended"]>[0];

export class Measurement {
  /** For those who want to watch it; absent when nothing is measured. */
  readonly telemetry: Telemetry | undefined;
  readonly #owned: boolean;
  #track: PlayerTrack | undefined;
  #offline = false;
  #session: PlaySession | undefined;

  /** Uses a telemetry that exists, makes one from options, or measures nothing; until `signal` aborts. */
  constructor(telemetry: Telemetry | TelemetryOptions | undefined, signal: AbortSignal) {
    // By what it can do, not by its class: a page may hold two copies of the SDK.
    const given = telemetry !== undefined && "session" in telemetry;
    this.#owned = telemetry !== undefined && !given;
    this.telemetry = telemetry === undefined || given ? telemetry : new Telemetry(telemetry);
    if (!this.telemetry || typeof document === "undefined") return;
    document.addEventListener("visibilitychange", () => this.#session?.visible(visible()), { signal });
  }

  /** Another track is loaded; `reason` is why the one before ended. */
  track(track: PlayerTrack | undefined, reason: EndReason, positionMs: number): void {
    this.#end(reason, positionMs);
    this.#track = track;
    this.#offline = track?.offline ?? false;
  }

  /** It is known where the track is read from. */
  source(offline: boolean): void {
    this.#offline = offline;
  }

  /** The engine did something. `byGesture` says whether playback was asked for by a person. */
  signal(signal: EngineSignal, engine: Engine, byGesture: boolean): void {
    if (signal.type === "playing") this.#session ??= this.#begin(engine, byGesture);
    const session = this.#session;
    if (!session) return;
    switch (signal.type) {
      case "playing":
        session.playing(signal.positionMs);
        break;
      case "position":
        session.position(signal.positionMs);
        break;
      case "paused":
        session.paused(signal.positionMs);
        break;
      case "stalled":
        session.stalled(signal.positionMs);
        break;
      case "seeked":
        session.seeked(signal.fromMs, signal.toMs);
        break;
      case "rate":
        session.rate(signal.rate);
        break;
      case "volume":
        session.volume(signal.volume, signal.muted);
        break;
      case "ended":
        this.#end("completed", signal.positionMs);
        break;
      case "failed":
        session.failed(signal.code, signal.positionMs);
        this.#end("stopped", signal.positionMs);
        break;
    }
  }

  /** Closes telemetry that was made here. */
  async close(): Promise<void> {
    if (this.#owned) await this.telemetry?.close();
  }

  #begin(engine: Engine, byGesture: boolean): PlaySession | undefined {
    const track = this.#track;
    if (!this.telemetry || !track) return undefined;
    const { id, artistId, releaseId, title, source } = track;
    const durationMs = engine.durationMs ?? track.durationMs;
    const session = this.telemetry.session(
      {
        id,
        ...(artistId !== undefined && { artist: artistId }),
        ...(releaseId !== undefined && { release: releaseId }),
        ...(title !== undefined && { title }),
        ...(source !== undefined && { source }),
        ...(durationMs !== undefined && { durationMs }),
        offline: this.#offline,
      },
      { engine: engine.name, autoplay: !byGesture },
    );
    session.rate(engine.rate);
    session.volume(engine.volume, engine.muted);
    session.visible(visible());
    return session;
  }

  #end(reason: EndReason, positionMs: number): void {
    this.#session?.ended(reason, positionMs);
    this.#session = undefined;
  }
}

function visible(): boolean {
  return document.visibilityState === "visible";
}
