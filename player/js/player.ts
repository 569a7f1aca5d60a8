// The player: a queue, an engine, and what is measured. Nothing here throws into a host.

import type { Telemetry } from "@delistening/sdk";
import type { Engine, EngineSignal } from "./engine/engine.js";
import { PlayerError, type PlayerErrorCode } from "./errors.js";
import { type PlayerEvents, PlayerEventTarget, type PlayerState } from "./events.js";
import { connectMediaSession } from "./media-session.js";
import { remember } from "./memory.js";
import { makeEngine, type PlayerOptions } from "./options.js";
import { gesture, isUrl } from "./page.js";
import { type PlayerTrack, Queue } from "./queue.js";
import { eventsOf } from "./signals.js";
import { Sources, type TrackSource } from "./sources.js";
import { Heard, reach, type Span } from "./spans.js";
import { Measurement } from "./telemetry.js";
import { Waveforms } from "./waveforms.js";

/** Going back within this time from a track's begin goes to the track before; later, to its begin. */
const RESTART_AFTER_MS = 3_000;

/** A queue that is played. The queue's current track is the one that is loaded, once anything is. */
export class Player extends PlayerEventTarget {
  readonly queue: Queue;
  readonly #engine: Engine;
  readonly #measurement: Measurement;
  readonly #closing = new AbortController();
  readonly #sources: Sources;
  readonly #heard = new Heard();
  readonly #waveforms: Waveforms;
  /** While it is found out where the track is that is loaded. */
  #finding: Promise<void> | undefined;
  /** Where the current track begins, once the engine has it. */
  #beginMs = 0;
  /** The track that is current while none is loaded. */
  #waiting: PlayerTrack | undefined;
  #state: PlayerState = "idle";
  #loaded: PlayerTrack | undefined;
  /** The play of which sound has come out: it is in the history. */
  #sounded: PlayerTrack | undefined;
  /** Whether sound is wanted: by a person or by the host. */
  #wanted = false;
  #byGesture = false;

  constructor(options: PlayerOptions = {}) {
    super();
    this.queue = new Queue(() => this.#queueChanged());
    this.#engine = makeEngine(options);
    this.#measurement = new Measurement(options.telemetry, this.#closing.signal);
    this.#sources = new Sources(options.downloads);
    this.#waveforms = new Waveforms(options, {
      changed: (track) => track === this.queue.current && this.#dispatch("waveformchange", { waveform: this.waveform }),
      loud: (src, loudness) => this.#engine.hint?.(src, loudness),
    });
    this.#engine.listen((signal) => this.#hear(signal));
    const { signal } = this.#closing;
    options.downloads?.addEventListener(
      "removed",
      ({ detail }) => detail.reason === "revoked" && this.#revoked(detail.id),
      { signal },
    );
    if (options.mediaSession !== false) connectMediaSession(this, signal);
    if (options.remember !== false) {
      const wanted = typeof options.remember === "object" ? options.remember : {};
      remember(this, wanted, (positionMs) => this.seek(positionMs), signal);
    }
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** The track that is loaded. */
  get track(): PlayerTrack | undefined {
    return this.#loaded;
  }

  /** The telemetry that measures, if any. */
  get telemetry(): Telemetry | undefined {
    return this.#measurement.telemetry;
  }

  /** The place in the current track, heard or, before it is loaded, to begin with. */
  get positionMs(): number {
    return this.#isWithEngine ? this.#engine.positionMs : this.#beginMs;
  }

  /** The length of the current track, once it is known. */
  get durationMs(): number | undefined {
    const told = this.queue.current?.durationMs;
    return this.#isWithEngine ? (this.#engine.durationMs ?? told) : told;
  }

  /** The address of the current track's picture; on this device, where the track was downloaded. */
  get artwork(): string | undefined {
    const { current } = this.queue;
    return (current && this.#sources.peek(current)?.artwork) ?? current?.artwork;
  }

  /** Whether the track that is loaded is read without a network. */
  get offline(): boolean {
    return (this.#loaded && this.#sources.peek(this.#loaded)?.offline) ?? false;
  }

  /** What of the track is loaded. */
  get buffered(): readonly Span[] {
    return this.#isWithEngine ? this.#engine.buffered : [];
  }

  /** How much is loaded after the present position. */
  get bufferedMs(): number {
    return reach(this.buffered, this.positionMs);
  }

  /** What was heard in this play of the track: sounded, and not silent. */
  get heard(): readonly Span[] {
    return this.#heard.spans;
  }

  /**
   * How high the sound of the current track is over its length, from 0 to 1 at even distances: as the track says, or as
   * was found so far where `analyse` is wanted.
   */
  get waveform(): readonly number[] | undefined {
    return this.queue.current && this.#waveforms.peek(this.queue.current);
  }

  /** The output device that was chosen, by its identifier; empty for the system's own. */
  get device(): string {
    return this.#engine.device ?? "";
  }

  /**
   * Has sound come out of another device, by an identifier of `navigator.mediaDevices.enumerateDevices()`. False, and
   * nothing is changed, where the browser has no choice, does not allow it, or the device is not there.
   */
  async setDevice(id: string): Promise<boolean> {
    try {
      await this.#engine.setDevice?.(id);
      return this.device === id;
    } catch {
      return false;
    }
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

  /**
   * Plays the current track, or the first where none is current. Never rejects: where the browser wants a gesture,
   * the state is `blocked`; a track that cannot be played is told by an `error` event.
   */
  async play(): Promise<void> {
    if (!this.queue.current && !this.queue.select(0)) return;
    const asked = this.#wanted && this.#state !== "blocked" && this.#state !== "error";
    this.#byGesture = gesture();
    this.#wanted = true;
    if (!this.#loaded) this.#load(this.#beginMs);
    else if (this.#state === "error") this.#load(this.positionMs);
    if (!asked) this.#dispatch("play", { positionMs: this.positionMs });
    await this.#start();
  }

  pause(): void {
    this.#wanted = false;
    this.#engine.pause();
    if (this.#state === "blocked" || this.#state === "loading") this.#enter("paused");
  }

  /** Pauses what plays or is about to; plays otherwise. */
  async toggle(): Promise<void> {
    if (this.#wanted && this.#state !== "blocked" && this.#state !== "error") this.pause();
    else await this.play();
  }

  /** Ends playback and lets go of the track; the queue stays. */
  stop(): void {
    this.#wanted = false;
    if (!this.#loaded) return;
    this.#measurement.track(undefined, "stopped", this.positionMs);
    this.#engine.unload();
    this.#loaded = undefined;
    this.#finding = undefined;
    this.#beginMs = 0;
    this.#sources.keep([]);
    this.#enter("idle");
    this.#dispatch("trackchange", { track: undefined });
  }

  /** Goes to a place in the track; before it is loaded, that is where it will begin. */
  seek(positionMs: number): void {
    if (!Number.isFinite(positionMs)) return;
    if (this.#isWithEngine) this.#engine.seek(positionMs);
    else if (this.queue.current) {
      this.#beginMs = Math.max(0, Math.min(positionMs, this.durationMs ?? positionMs));
      this.#dispatch("timeupdate", { positionMs: this.#beginMs, durationMs: this.durationMs });
    }
  }

  /** Goes to the next track of the queue, if there is one. */
  next(): void {
    this.#go(this.queue.next);
  }

  /** Goes to the begin of the track, or, near its begin, to the one before. */
  previous(): void {
    if (this.positionMs > RESTART_AFTER_MS || !this.queue.hasPrevious) this.seek(0);
    else this.#go(this.queue.previous);
  }

  /** Plays the track at place `at` of the queue, from its begin. */
  async playAt(at: number): Promise<void> {
    const before = this.#loaded;
    if (!this.queue.select(at)) return;
    if (this.#loaded === before) this.seek(0);
    await this.play();
  }

  /** Ends everything; the player is of no use afterwards. */
  async close(): Promise<void> {
    this.stop();
    this.#closing.abort();
    this.#waveforms.close();
    await this.#measurement.close();
  }

  /** Whether the engine has the track that is loaded. */
  get #isWithEngine(): boolean {
    return this.#loaded !== undefined && this.#finding === undefined;
  }

  #load(positionMs = 0): void {
    const track = this.queue.current;
    if (!track) return;
    this.#measurement.track(track, "skipped", this.positionMs);
    this.#loaded = track;
    this.#finding = undefined;
    this.#sounded = undefined;
    this.#beginMs = 0;
    this.#heard.clear();
    const source = this.#sources.peek(track);
    this.#enter(this.#wanted ? "loading" : "paused");
    this.#dispatch("trackchange", { track });
    if (!isUrl(track.src)) {
      this.#engine.unload();
      this.#fail("bad-source", "its source is not a URL");
    } else if (source) {
      this.#begin(track, source, positionMs);
    } else {
      this.#engine.unload();
      this.#beginMs = positionMs;
      const finding = this.#sources.find(track).then((found) => {
        if (this.#finding !== finding) return;
        this.#finding = undefined;
        this.#begin(track, found, this.#beginMs);
      });
      this.#finding = finding;
    }
  }

  #begin(track: PlayerTrack, source: TrackSource, positionMs: number): void {
    this.#measurement.source(source.offline);
    this.#waveforms.want(track, source.src);
    this.#engine.load(source.src, positionMs);
    this.#prepare();
    if (source.artwork !== track.artwork) this.#dispatch("artworkchange", { artwork: source.artwork });
  }

  async #start(): Promise<void> {
    const track = this.#loaded;
    await this.#finding;
    if (this.#state === "error" || this.#loaded !== track || !this.#wanted) return;
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
    if (this.#loaded && this.#loaded === current) this.#prepare();
    if (!this.#loaded) {
      // Where the track begins was said of another.
      if (current !== this.#waiting) this.#beginMs = 0;
      this.#waiting = current;
      return;
    }
    if (this.#loaded === current) return;
    if (!current) {
      this.stop();
      return;
    }
    this.#byGesture = gesture();
    this.#load();
    if (this.#wanted) void this.#start();
  }

  /** Goes to a place of the queue: the one that is loaded already begins anew, as another play. */
  #go(at: number | undefined): void {
    if (at === undefined) return;
    const again = this.#loaded !== undefined && this.queue.tracks[at] === this.#loaded;
    this.queue.select(at);
    if (!again) return;
    this.#load();
    if (this.#wanted) void this.#start();
  }

  /** Has the engine make ready what comes next. */
  #prepare(): void {
    const next = this.queue.tracks[this.queue.following ?? -1];
    const wanted = next && isUrl(next.src) ? next : undefined;
    this.#sources.keep([this.#loaded, wanted]);
    this.#waveforms.keep([this.#loaded, wanted]);
    const source = wanted && this.#sources.peek(wanted);
    if (wanted && source) this.#waveforms.want(wanted, source.src);
    this.#engine.prepare?.(source?.src);
    if (!wanted || source) return;
    void this.#sources.find(wanted).then(() => {
      // It is known from here on, and may not be what comes next any more.
      if (this.#isWithEngine) this.#prepare();
      else this.#sources.keep([this.#loaded]);
    });
  }

  /** The host has taken back a track that is on this device. */
  #revoked(id: string): void {
    if (this.#loaded?.id !== id || !this.offline) return;
    const { positionMs } = this;
    this.#engine.unload();
    this.#wanted = false;
    this.#hear({ type: "failed", code: "revoked", message: "it was taken back from this device", positionMs });
  }

  #hear(signal: EngineSignal): void {
    this.#measurement.signal(signal, this.#engine, this.#byGesture);
    this.#heard.signal(signal, this.#engine);
    if (!this.#enterBy(signal)) return;
    for (const [type, detail] of eventsOf(signal, this.durationMs))
      this.dispatchEvent(new CustomEvent(type, { detail }));
    if (signal.type === "ended") this.#ended();
    else if (signal.type === "failed") this.#fail(signal.code, signal.message);
  }

  /** Enters the state that a signal brings about; false where nobody is to be told of it. */
  #enterBy(signal: EngineSignal): boolean {
    switch (signal.type) {
      case "playing":
        this.#enter("playing");
        if (this.#sounded !== this.#loaded && this.#loaded) this.queue.remember(this.#loaded);
        this.#sounded = this.#loaded;
        return true;
      case "paused":
        if (this.#state === "error") return false;
        this.#enter("paused");
        return true;
      case "stalled":
        // Before the first sound it is loading that takes its time.
        if (this.#state === "loading") return false;
        this.#enter("stalled");
        return true;
      default:
        return true;
    }
  }

  #ended(): void {
    const track = this.#loaded;
    if (track) this.#dispatch("ended", { track });
    const { following } = this.queue;
    if (following !== undefined) {
      this.#go(following);
      // However lately a person touched the page: this track began by itself.
      this.#byGesture = false;
    } else {
      this.#wanted = false;
      this.#enter("paused");
    }
  }

  /** That sound is wanted stays so: the next track is played when it is gone to. */
  #fail(code: PlayerErrorCode, message: string): void {
    this.#enter("error");
    this.#dispatch("error", new PlayerError(code, message, this.#loaded?.src ?? ""));
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
