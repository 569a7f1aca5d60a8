// The player: a queue, an engine, and what is measured. Nothing here throws into a host.

import type { Telemetry, TelemetryOptions } from "@delistening/sdk";
import type { Engine, EngineSignal } from "./engine/engine.js";
import { NativeEngine } from "./engine/native.js";
import { PlayerError } from "./errors.js";
import { type PlayerEvents, PlayerEventTarget, type PlayerState } from "./events.js";
import { connectMediaSession } from "./media-session.js";
import { type PlayerTrack, Queue } from "./queue.js";
import { Measurement } from "./telemetry.js";

/** How a player is set up. */
export interface PlayerOptions {
  /** Measures plays: options for a telemetry of this player's own, or one that exists. */
  telemetry?: Telemetry | TelemetryOptions;
  /** What decodes and sounds; the browser's own `<audio>` by default. */
  engine?: Engine;
  /** Whether the platform's media controls are connected; true by default. */
  mediaSession?: boolean;
}

/** Going back within this time from a track's begin goes to the track before; later, to its begin. */
const RESTART_AFTER_MS = 3_000;

export class Player extends PlayerEventTarget {
  readonly queue: Queue;
  readonly #engine: Engine;
  readonly #measurement: Measurement;
  #state: PlayerState = "idle";
  #loaded: PlayerTrack | undefined;
  /** Whether sound is wanted: by a person or by the host. */
  #wanted = false;
  #byGesture = false;

  constructor(options: PlayerOptions = {}) {
    super();
    this.queue = new Queue(() => this.#queueChanged());
    this.#engine = options.engine ?? new NativeEngine();
    this.#measurement = new Measurement(options.telemetry);
    this.#engine.listen((signal) => this.#hear(signal));
    if (options.mediaSession !== false) connectMediaSession(this);
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** The telemetry that measures, if any. */
  get telemetry(): Telemetry | undefined {
    return this.#measurement.telemetry;
  }

  get positionMs(): number {
    return this.#engine.positionMs;
  }

  /** The length of the track, once it is known. */
  get durationMs(): number | undefined {
    return this.#engine.durationMs ?? this.#loaded?.durationMs;
  }

  /** How much is loaded after the present position. */
  get bufferedMs(): number {
    return this.#engine.bufferedMs;
  }

  /** From 0 to 1. */
  get volume(): number {
    return this.#engine.volume;
  }

  set volume(volume: number) {
    if (Number.isFinite(volume)) this.#engine.volume = volume;
  }

  get muted(): boolean {
    return this.#engine.muted;
  }

  set muted(muted: boolean) {
    this.#engine.muted = Boolean(muted);
  }

  /** 1 is normal speed. */
  get rate(): number {
    return this.#engine.rate;
  }

  set rate(rate: number) {
    if (Number.isFinite(rate)) this.#engine.rate = rate;
  }

  /** Plays the current track. Never rejects: where the browser wants a gesture, the state is `blocked`. */
  async play(): Promise<void> {
    if (!this.queue.current) return;
    this.#byGesture = globalThis.navigator?.userActivation?.isActive ?? true;
    this.#wanted = true;
    if (this.#loaded !== this.queue.current || this.#state === "error") this.#load("replaced");
    await this.#start();
  }

  pause(): void {
    this.#wanted = false;
    this.#engine.pause();
    if (this.#state === "blocked" || this.#state === "loading") this.#enter("paused");
  }

  /** Plays when paused, pauses when playing. */
  async toggle(): Promise<void> {
    if (this.#wanted && this.#state !== "blocked") this.pause();
    else await this.play();
  }

  /** Ends playback and lets go of the track; the queue stays. */
  stop(): void {
    this.#wanted = false;
    this.#unload("stopped");
  }

  /** Goes to a place in the track. */
  seek(positionMs: number): void {
    if (Number.isFinite(positionMs) && this.#loaded) this.#engine.seek(positionMs);
  }

  /** Goes to the next track of the queue, if there is one. */
  next(): void {
    this.#go(this.queue.index + 1);
  }

  /** Goes to the begin of the track, or, near its begin, to the one before. */
  previous(): void {
    if (this.positionMs > RESTART_AFTER_MS || !this.queue.hasPrevious) this.seek(0);
    else this.#go(this.queue.index - 1);
  }

  /** Plays the track at place `at` of the queue. */
  async playAt(at: number): Promise<void> {
    if (!this.queue.select(at)) return;
    if (this.#loaded === this.queue.current) this.seek(0);
    await this.play();
  }

  /** Ends everything; the player is of no use afterwards. */
  async close(): Promise<void> {
    const { positionMs } = this;
    this.stop();
    await this.#measurement.close(positionMs);
  }

  #go(at: number): void {
    if (!this.queue.select(at)) return;
    this.#load("skipped");
    if (this.#wanted) void this.#start();
  }

  #load(reason: "skipped" | "replaced" | "completed"): void {
    const track = this.queue.current;
    if (!track) return;
    this.#measurement.track(track, reason === "completed" ? "replaced" : reason, this.positionMs);
    this.#loaded = track;
    this.#enter("loading");
    this.#dispatch("trackchange", { track });
    this.#engine.load(track.src);
  }

  #unload(reason: "stopped" | "skipped"): void {
    this.#measurement.track(undefined, reason, this.positionMs);
    this.#engine.unload();
    this.#loaded = undefined;
    this.#enter("idle");
    this.#dispatch("trackchange", { track: undefined });
  }

  async #start(): Promise<void> {
    const track = this.#loaded;
    try {
      await this.#engine.play();
    } catch (thrown) {
      // Another track was loaded meanwhile, or the source failed, which is told by itself.
      if (this.#loaded !== track || !this.#wanted) return;
      if (thrown instanceof DOMException && thrown.name === "NotAllowedError") this.#enter("blocked");
    }
  }

  #queueChanged(): void {
    const { tracks, index, current } = this.queue;
    this.#dispatch("queuechange", { tracks, index });
    // The track that was loaded is gone from the queue: it is not played any further.
    if (this.#loaded && !tracks.includes(this.#loaded)) {
      const wanted = this.#wanted && current !== undefined;
      this.#unload(current ? "skipped" : "stopped");
      if (wanted) void this.play();
    }
  }

  #hear(signal: EngineSignal): void {
    this.#measurement.signal(signal, this.#engine, this.#byGesture);
    switch (signal.type) {
      case "playing":
        this.#enter("playing");
        break;
      case "position":
        this.#dispatch("timeupdate", { positionMs: signal.positionMs, durationMs: this.durationMs });
        break;
      case "paused":
        this.#enter("paused");
        break;
      case "stalled":
        this.#enter("stalled");
        break;
      case "seeked":
        this.#dispatch("seeked", { fromMs: signal.fromMs, toMs: signal.toMs });
        this.#dispatch("timeupdate", { positionMs: signal.toMs, durationMs: this.durationMs });
        break;
      case "duration":
        this.#dispatch("durationchange", { durationMs: this.durationMs });
        break;
      case "rate":
        this.#dispatch("ratechange", { rate: signal.rate });
        break;
      case "volume":
        this.#dispatch("volumechange", { volume: signal.volume, muted: signal.muted });
        break;
      case "ended":
        this.#ended();
        break;
      case "failed":
        this.#wanted = false;
        this.#enter("error");
        this.#dispatch("error", new PlayerError(signal.code, signal.message, this.#loaded?.src ?? ""));
        break;
    }
  }

  #ended(): void {
    const track = this.#loaded;
    if (track) this.#dispatch("ended", { track });
    if (this.queue.hasNext && this.queue.select(this.queue.index + 1)) {
      this.#byGesture = false;
      this.#load("completed");
      void this.#start();
    } else {
      this.#wanted = false;
      this.#enter("paused");
    }
  }

  #enter(state: PlayerState): void {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#dispatch("statechange", { state, previous });
  }

  #dispatch<K extends keyof PlayerEvents & string>(type: K, detail: PlayerEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
