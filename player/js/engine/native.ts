// The browser's own `<audio>`: light, and right for ordinary files.

import type { PlayerErrorCode } from "../errors.js";
import { reach, type Span } from "../spans.js";
import type { Engine, EngineListener, EngineSignal } from "./engine.js";

const MEDIA_ERR_NETWORK = 2;
const FAILURES: Record<number, [PlayerErrorCode, string]> = {
  [MEDIA_ERR_NETWORK]: ["network", "the audio could not be fetched"],
  3: ["unplayable", "the audio is damaged or cannot be decoded"],
  4: ["unplayable", "the audio was not found, or is of a kind that this browser does not play"],
};

/** What follows is loaded this long before it is needed, at the latest, in milliseconds. */
const PREPARE_MS = 20_000;

export class NativeEngine implements Engine {
  readonly name = "native";
  #audio: HTMLAudioElement;
  /** Loads what comes next, and takes the place of `#audio` then. */
  #spare: HTMLAudioElement | undefined;
  #next: string | undefined;
  /** The element that was last let play. */
  #played: HTMLAudioElement | undefined;
  #listener: EngineListener = () => {};
  /** Where playback was before a seek moves it. */
  #lastMs = 0;
  #seekFromMs: number | undefined;
  #loaded = false;
  #device = "";

  constructor(audio: HTMLAudioElement = new Audio()) {
    this.#audio = audio;
    this.#listenTo(audio);
  }

  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  get positionMs(): number {
    return Math.round(this.#audio.currentTime * 1000);
  }

  get durationMs(): number | undefined {
    const { duration } = this.#audio;
    return Number.isFinite(duration) && duration > 0 ? Math.round(duration * 1000) : undefined;
  }

  get buffered(): readonly Span[] {
    const { buffered } = this.#audio;
    return Array.from({ length: buffered.length }, (_, at) => [buffered.start(at) * 1000, buffered.end(at) * 1000]);
  }

  get device(): string {
    return this.#device;
  }

  async setDevice(id: string): Promise<void> {
    await sink(this.#audio, id);
    this.#device = id;
    if (this.#spare) await sink(this.#spare, id);
  }

  get volume(): number {
    return this.#audio.volume;
  }

  set volume(volume: number) {
    this.#audio.volume = Math.max(0, Math.min(1, volume));
  }

  get muted(): boolean {
    return this.#audio.muted;
  }

  set muted(muted: boolean) {
    this.#audio.muted = muted;
  }

  get rate(): number {
    return this.#audio.playbackRate;
  }

  set rate(rate: number) {
    const bounded = Math.max(0.25, Math.min(4, rate));
    // Loading a source goes back to the default rate: set both.
    this.#audio.defaultPlaybackRate = bounded;
    this.#audio.playbackRate = bounded;
  }

  /** Whether the browser says that it plays a type. */
  canPlay(type: string): boolean {
    return this.#audio.canPlayType(type) !== "";
  }

  load(src: string, positionMs = 0): void {
    this.#lastMs = positionMs;
    this.#seekFromMs = undefined;
    this.#loaded = true;
    const spare = src === this.#next && this.#spare?.src && !this.#spare.error ? this.#spare : undefined;
    this.#next = undefined;
    if (spare) {
      this.#change(spare);
    } else {
      this.#audio.src = src;
      this.#audio.load();
    }
    // Before there is anything, this is where it begins.
    if (positionMs > 0) this.#audio.currentTime = positionMs / 1000;
  }

  prepare(src: string | undefined): void {
    if (src === this.#next) return;
    this.#next = src;
    empty(this.#spare);
    this.#prepareInTime();
  }

  /** Has the next track loaded when the present one needs the network no more, or is about to end. */
  #prepareInTime(): void {
    const { durationMs } = this;
    if (this.#next === undefined || this.#spare?.src || durationMs === undefined) return;
    const leftMs = durationMs - this.positionMs;
    if (leftMs > PREPARE_MS && reach(this.buffered, this.positionMs) < leftMs - 1_000) return;
    if (!this.#spare) {
      this.#spare = new Audio();
      this.#listenTo(this.#spare);
      if (this.#device) void sink(this.#spare, this.#device).catch(() => {});
    }
    this.#spare.src = this.#next;
  }

  /** Goes on with an element that has loaded the track already. */
  #change(to: HTMLAudioElement): void {
    const from = this.#audio;
    [this.#audio, this.#spare] = [to, from];
    [to.volume, to.muted] = [from.volume, from.muted];
    this.rate = from.playbackRate;
    empty(from);
    if (this.durationMs !== undefined) this.#listener({ type: "duration", durationMs: this.durationMs });
  }

  async play(): Promise<void> {
    const audio = this.#audio;
    try {
      await audio.play();
    } catch (thrown) {
      const isRefused = thrown instanceof DOMException && thrown.name === "NotAllowedError";
      if (!isRefused || !this.#played || this.#played === audio || audio !== this.#audio) throw thrown;
      // Some browsers let each element play only after a gesture: the one that had it goes on.
      const { src, currentTime } = audio;
      this.#change(this.#played);
      this.#audio.src = src;
      if (currentTime > 0) this.#audio.currentTime = currentTime;
      await this.#audio.play();
    }
    this.#played = this.#audio;
  }

  pause(): void {
    this.#audio.pause();
  }

  seek(positionMs: number): void {
    this.#tellPosition();
    this.#audio.currentTime = Math.max(0, Math.min(positionMs, this.durationMs ?? positionMs)) / 1000;
  }

  unload(): void {
    this.#loaded = false;
    this.#next = undefined;
    empty(this.#spare);
    empty(this.#audio);
  }

  #listenTo(audio: HTMLAudioElement): void {
    audio.preload = "auto";
    const at = (): number => this.positionMs;
    const on = (type: string, tell: () => EngineSignal | undefined) =>
      audio.addEventListener(type, () => {
        const signal = this.#loaded && audio === this.#audio ? tell() : undefined;
        if (signal) this.#listener(signal);
      });
    on("playing", () => (audio.paused ? undefined : { type: "playing", positionMs: at() }));
    on("timeupdate", () => {
      this.#tellPosition();
      this.#prepareInTime();
      return undefined;
    });
    // The end pauses too, and is told by itself.
    on("pause", () => (audio.ended ? undefined : { type: "paused", positionMs: at() }));
    on("waiting", () => (audio.paused || audio.seeking ? undefined : { type: "stalled", positionMs: at() }));
    on("seeking", () => {
      this.#seekFromMs ??= this.#lastMs;
      return { type: "seeking", fromMs: this.#seekFromMs, toMs: at() };
    });
    on("seeked", () => {
      const fromMs = this.#seekFromMs ?? this.#lastMs;
      this.#seekFromMs = undefined;
      this.#lastMs = at();
      return { type: "seeked", fromMs, toMs: this.#lastMs };
    });
    on("durationchange", () => ({ type: "duration", durationMs: this.durationMs }));
    on("ratechange", () => {
      this.#tellPosition();
      return { type: "rate", rate: audio.playbackRate };
    });
    // There is a volume before there is a track.
    audio.addEventListener("volumechange", () => {
      if (audio !== this.#audio) return;
      this.#tellPosition();
      this.#listener({ type: "volume", volume: audio.volume, muted: audio.muted });
    });
    on("ended", () => ({ type: "ended", positionMs: at() }));
    on("error", () => {
      const [code, message] = FAILURES[audio.error?.code ?? 0] ?? ["unplayable", "the audio cannot be played"];
      return { type: "failed", code, message, positionMs: at() };
    });
  }

  #tellPosition(): void {
    // Between a seek's begin and its end the position belongs to neither side.
    if (!this.#loaded || this.#seekFromMs !== undefined || this.#audio.seeking) return;
    this.#lastMs = this.positionMs;
    this.#listener({ type: "position", positionMs: this.#lastMs });
  }
}

/** Has an element sound through a device. */
async function sink(audio: HTMLAudioElement, id: string): Promise<void> {
  if (!("setSinkId" in audio)) throw new DOMException("this browser has no choice of devices", "NotSupportedError");
  await audio.setSinkId(id);
}

/** Lets go of what an element has loaded. */
function empty(audio: HTMLAudioElement | undefined): void {
  if (!audio?.hasAttribute("src")) return;
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
}
