// The browser's own `<audio>`: light, and right for ordinary files.

import type { PlayerErrorCode } from "../errors.js";
import type { Engine, EngineListener, EngineSignal } from "./engine.js";

const MEDIA_ERR_NETWORK = 2;
const FAILURES: Record<number, [PlayerErrorCode, string]> = {
  [MEDIA_ERR_NETWORK]: ["network", "the audio could not be fetched"],
  3: ["unplayable", "the audio is damaged or cannot be decoded"],
  4: ["unplayable", "the audio was not found, or is of a kind that this browser does not play"],
};

export class NativeEngine implements Engine {
  readonly name = "native";
  readonly #audio: HTMLAudioElement;
  #listener: EngineListener = () => {};
  /** Where playback was before a seek moves it. */
  #lastMs = 0;
  #seekFromMs: number | undefined;
  #loaded = false;

  constructor(audio: HTMLAudioElement = new Audio()) {
    this.#audio = audio;
    audio.preload = "auto";
    const at = (): number => this.positionMs;
    const on = (type: string, tell: () => EngineSignal | undefined) =>
      audio.addEventListener(type, () => {
        const signal = this.#loaded ? tell() : undefined;
        if (signal) this.#listener(signal);
      });
    on("playing", () => (audio.paused ? undefined : { type: "playing", positionMs: at() }));
    on("timeupdate", () => {
      this.#tellPosition();
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
    on("volumechange", () => {
      this.#tellPosition();
      return { type: "volume", volume: audio.volume, muted: audio.muted };
    });
    on("ended", () => ({ type: "ended", positionMs: at() }));
    on("error", () => {
      const [code, message] = FAILURES[audio.error?.code ?? 0] ?? ["unplayable", "the audio cannot be played"];
      return { type: "failed", code, message, positionMs: at() };
    });
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

  get bufferedMs(): number {
    const { buffered, currentTime } = this.#audio;
    for (let range = 0; range < buffered.length; range += 1) {
      if (buffered.start(range) <= currentTime && currentTime <= buffered.end(range)) {
        return Math.round((buffered.end(range) - currentTime) * 1000);
      }
    }
    return 0;
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
    this.#audio.src = src;
    this.#audio.load();
    // Before there is anything, this is where it begins.
    if (positionMs > 0) this.#audio.currentTime = positionMs / 1000;
  }

  play(): Promise<void> {
    return this.#audio.play();
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
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  #tellPosition(): void {
    // Between a seek's begin and its end the position belongs to neither side.
    if (!this.#loaded || this.#seekFromMs !== undefined || this.#audio.seeking) return;
    this.#lastMs = this.positionMs;
    this.#listener({ type: "position", positionMs: this.#lastMs });
  }
}
