// Chooses per track between the browser's own `<audio>` and the WASM engine, and says why. Where one fails, the other
// goes on from the same place. The WASM engine is fetched when it is first needed.

import type { Loudness } from "../queue.js";
import type { Span } from "../spans.js";
import type { Engine, EngineListener, EngineSignal } from "./engine.js";
import { NativeEngine } from "./native.js";
import type { WasmEngine, WasmEngineOptions } from "./wasm/engine.js";

/** Which engine plays: one of them always, or the lightest that plays the track as it is wanted. */
export type EngineChoice = "auto" | "native" | "wasm";

export interface AutoEngineOptions extends WasmEngineOptions {
  /** Whether tracks are to follow on each other without a gap; only the WASM engine does that. */
  gapless?: boolean;
}

type Name = "native" | "wasm";

/** The track that plays, and the one that follows. */
const MOST_HINTS = 4;

const TYPES: Record<string, string> = {
  aac: "audio/aac",
  aif: "audio/aiff",
  aiff: "audio/aiff",
  flac: "audio/flac",
  m4a: "audio/mp4",
  mp3: "audio/mpeg",
  mp4: "audio/mp4",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  opus: "audio/ogg; codecs=opus",
  wav: "audio/wav",
};

export class AutoEngine implements Engine {
  readonly #choice: EngineChoice;
  readonly #options: AutoEngineOptions;
  readonly #native: NativeEngine;
  #wasm: WasmEngine | undefined;
  #loading: Promise<WasmEngine> | undefined;
  #listener: EngineListener = () => {};
  #active: Name = "native";
  #src: string | undefined;
  #next: string | undefined;
  #tried = new Set<Name>();
  #wanted = false;
  #device = "";
  /** What was said of sources before the WASM engine is here. */
  readonly #hints = new Map<string, Loudness>();
  /** Where to begin once the engine is here. */
  #pendingMs: number | undefined;
  #waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = [];

  constructor(choice: EngineChoice, options: AutoEngineOptions = {}, native: NativeEngine = new NativeEngine()) {
    this.#choice = choice;
    this.#options = options;
    this.#native = native;
    native.listen((signal) => this.#hear("native", signal));
  }

  get name(): string {
    return this.#active;
  }

  get positionMs(): number {
    return this.#pendingMs ?? this.#engine.positionMs;
  }

  get durationMs(): number | undefined {
    return this.#pendingMs === undefined ? this.#engine.durationMs : undefined;
  }

  get buffered(): readonly Span[] {
    return this.#pendingMs === undefined ? this.#engine.buffered : [];
  }

  get device(): string {
    return this.#device;
  }

  async setDevice(id: string): Promise<void> {
    await Promise.all([this.#native.setDevice(id), this.#wasm?.setDevice(id)]);
    this.#device = id;
  }

  hint(src: string, loudness: Loudness): void {
    this.#hints.set(src, loudness);
    if (this.#hints.size > MOST_HINTS) this.#hints.delete([...this.#hints.keys()][0] ?? src);
    this.#wasm?.hint(src, loudness);
  }

  get volume(): number {
    return this.#native.volume;
  }

  set volume(volume: number) {
    this.#native.volume = volume;
    if (this.#wasm) this.#wasm.volume = this.#native.volume;
  }

  get muted(): boolean {
    return this.#native.muted;
  }

  set muted(muted: boolean) {
    this.#native.muted = muted;
    if (this.#wasm) this.#wasm.muted = muted;
  }

  get rate(): number {
    return this.#native.rate;
  }

  set rate(rate: number) {
    this.#native.rate = rate;
    if (this.#wasm) this.#wasm.rate = this.#native.rate;
  }

  /** The node that the WASM engine sounds through, once it does. */
  get output(): AudioNode | undefined {
    return this.#wasm?.output;
  }

  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  load(src: string, positionMs = 0): void {
    this.#reject();
    this.#src = src;
    this.#next = undefined;
    this.#tried = new Set();
    const [name, reason] = this.#choose(src);
    this.#begin(name, reason, positionMs);
  }

  prepare(src: string | undefined): void {
    this.#next = src;
    const next = src === undefined ? undefined : this.#choose(src)[0];
    // What goes to the other engine begins when that has it.
    this.#native.prepare(next === "native" && this.#active === "native" ? src : undefined);
    if (this.#pendingMs === undefined)
      this.#wasm?.prepare(next === "wasm" && this.#active === "wasm" ? src : undefined);
  }

  play(): Promise<void> {
    this.#wanted = true;
    if (this.#pendingMs === undefined) return this.#engine.play();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  pause(): void {
    this.#wanted = false;
    this.#reject();
    if (this.#pendingMs === undefined) this.#engine.pause();
  }

  seek(positionMs: number): void {
    if (this.#pendingMs === undefined) this.#engine.seek(positionMs);
    else this.#pendingMs = Math.max(0, positionMs);
  }

  unload(): void {
    this.#wanted = false;
    this.#src = undefined;
    this.#pendingMs = undefined;
    this.#reject();
    this.#engine.unload();
  }

  get #engine(): Engine {
    return this.#active === "wasm" && this.#wasm ? this.#wasm : this.#native;
  }

  /** The engine for a track, and why it is that one. */
  #choose(src: string): [Name, string] {
    const { gapless, crossfadeMs, loudness } = this.#options;
    if (this.#choice !== "auto") return [this.#choice, "it was asked for"];
    if (
      typeof WebAssembly === "undefined" ||
      typeof AudioWorkletNode === "undefined" ||
      typeof Worker === "undefined"
    ) {
      return ["native", "this browser has no AudioWorklet, Worker or WebAssembly"];
    }
    if (gapless) return ["wasm", "tracks are to follow without a gap"];
    if (crossfadeMs) return ["wasm", "tracks are to fade into each other"];
    if (loudness && loudness !== "off") return ["wasm", "tags of loudness are to be followed"];
    // The address of a download has the file's name after it.
    const { protocol, pathname, hash } = new URL(src, document.baseURI);
    const ending = /\.(\w+)$/.exec(protocol === "blob:" ? hash : pathname)?.[1]?.toLowerCase() ?? "";
    const type = TYPES[ending];
    if (type === undefined) return ["native", "the address does not tell its type"];
    if (this.#native.canPlay(type)) return ["native", `this browser plays ${type}`];
    return ["wasm", `this browser does not play ${type}`];
  }

  #begin(name: Name, reason: string, positionMs: number): void {
    const src = this.#src;
    if (src === undefined) return;
    this.#tried.add(name);
    if (name !== this.#active) this.#engine.unload();
    this.#active = name;
    this.#listener({ type: "engine", engine: name, reason });
    if (name === "native") {
      this.#pendingMs = undefined;
      this.#native.load(src, positionMs);
      return;
    }
    if (this.#wasm) {
      this.#pendingMs = undefined;
      this.#wasm.load(src, positionMs);
      return;
    }
    this.#pendingMs = positionMs;
    void this.#fetchWasm().then(
      () => this.#arrived(src),
      () => {
        if (this.#src === src) this.#fail("wasm", { code: "unplayable", message: "the engine could not be loaded" });
      },
    );
  }

  #fetchWasm(): Promise<WasmEngine> {
    this.#loading ??= import("./wasm/engine.js").then(
      ({ WasmEngine }) => {
        const wasm = new WasmEngine({ ...this.#options, device: this.#device || (this.#options.device ?? "") });
        for (const [src, loudness] of this.#hints) wasm.hint(src, loudness);
        wasm.volume = this.volume;
        wasm.muted = this.muted;
        if (this.rate !== 1) wasm.rate = this.rate;
        wasm.listen((signal) => this.#hear("wasm", signal));
        this.#wasm = wasm;
        return wasm;
      },
      (thrown: unknown) => {
        this.#loading = undefined;
        throw thrown;
      },
    );
    return this.#loading;
  }

  #arrived(src: string): void {
    const positionMs = this.#pendingMs;
    if (this.#src !== src || this.#active !== "wasm" || positionMs === undefined || !this.#wasm) return;
    this.#pendingMs = undefined;
    this.#wasm.load(src, positionMs);
    if (this.#next !== undefined) this.prepare(this.#next);
    this.#resume();
  }

  /** Plays what is loaded, if that is wanted, for those who wait. */
  #resume(): void {
    if (!this.#wanted) return;
    const waiting = this.#waiting.splice(0);
    this.#engine.play().then(
      () => {
        for (const { resolve } of waiting) resolve();
      },
      (thrown: unknown) => {
        for (const { reject } of waiting) reject(thrown);
      },
    );
  }

  #hear(name: Name, signal: EngineSignal): void {
    // Both have a volume and a rate; they are told once.
    if (name !== this.#active && (name === "wasm" || (signal.type !== "volume" && signal.type !== "rate"))) return;
    if (name === "wasm" && (signal.type === "volume" || signal.type === "rate")) return;
    if (signal.type === "failed") this.#fail(name, signal);
    else this.#listener(signal);
  }

  #fail(name: Name, signal: Pick<Extract<EngineSignal, { type: "failed" }>, "code" | "message">): void {
    const other = name === "native" ? "wasm" : "native";
    const positionMs = this.positionMs;
    // What cannot be fetched cannot be fetched by the other either.
    if (this.#choice !== "auto" || signal.code !== "unplayable" || this.#tried.has(other)) {
      this.#pendingMs = undefined;
      this.#wanted = false;
      this.#listener({ ...signal, type: "failed", positionMs });
      this.#reject();
      return;
    }
    this.#listener({ type: "stalled", positionMs });
    this.#begin(other, `the other could not play it: ${signal.message}`, positionMs);
    if (this.#pendingMs === undefined) this.#resume();
  }

  #reject(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new DOMException("playback was ended", "AbortError"));
  }
}
