// Decodes by itself and sounds to the sample: the engine for what the browser does not play, or not without gaps.
// Decoding is in worker.ts, sounding in worklet.ts; this is the page's side of both.

import type { Loudness } from "../../queue.js";
import type { Span } from "../../spans.js";
import type { Engine, EngineListener, EngineSignal } from "../engine.js";
import type { GainMode, Order, Rendered, Report } from "./messages.js";
import { Outlet } from "./outlet.js";
import { Places } from "./places.js";
import { Thread } from "./thread.js";
import { Waiting } from "./waiting.js";

/** How the engine is set up. */
export interface WasmEngineOptions {
  /** Gives a fresh address for one that has expired; without it, an expired address is a failure. */
  refresh?: (src: string, status: number) => Promise<string | undefined> | string | undefined;
  /** How long the end of a track and the begin of the next sound together, in milliseconds; 0 by default. */
  crossfadeMs?: number;
  /** Whether tags of loudness (ReplayGain, R128) are followed; off by default. */
  loudness?: GainMode;
  /** Whether a changed rate leaves the pitch as it is; true by default, as in media elements. */
  preservesPitch?: boolean;
  /** The identifier of an output device, where the browser has a choice. */
  device?: string;
}

/** Positions are told this often, in milliseconds of media time. */
const TELL_MS = 250;

export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly #options: WasmEngineOptions;
  #listener: EngineListener = () => {};
  readonly #thread = new Thread(
    (report) => this.#hear(report),
    () => this.#begun(),
  );
  readonly #outlet: Outlet;
  readonly #waiting = new Waiting();
  /** The track that is loaded, and the one that follows. */
  #id = 0;
  #ids = 0;
  #src = "";
  #next: { readonly id: number; readonly src: string; durationMs?: number } | undefined;
  #durationMs: number | undefined;
  #bufferedMs = 0;
  readonly #places = new Places();
  #rendered: Rendered = { at: 0, heard: 0, glitches: 0, starving: false, ended: false, holding: false };
  #wanted = false;
  #sounding = false;
  #seeking: { readonly fromMs: number; readonly toMs: number; readonly seek: number } | undefined;
  #toldMs = 0;
  #ended = false;
  /** Whether what comes is to be written anew as soon as the output holds. */
  #renewing = false;
  /** Where the output stands still until what was written anew is marked: what it tells meanwhile is of no place. */
  #frozen: { readonly positionMs: number; readonly seek: number } | undefined;
  #speed = 1;

  constructor(options: WasmEngineOptions = {}) {
    this.#options = options;
    this.#outlet = new Outlet(options.device ?? "", (rendered) => this.#heard(rendered));
  }

  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  /** What sounds, once something does. */
  get output(): AudioNode | undefined {
    return this.#outlet.output?.node;
  }

  /** Frames that left for the speakers, and times that there were none to leave. */
  get rendered(): { readonly frames: number; readonly glitches: number } {
    return { frames: this.#rendered.heard, glitches: this.#rendered.glitches };
  }

  get positionMs(): number {
    return Math.round(this.#seeking?.toMs ?? this.#frozen?.positionMs ?? this.#place());
  }

  get durationMs(): number | undefined {
    return this.#durationMs === undefined ? undefined : Math.round(this.#durationMs);
  }

  get buffered(): readonly Span[] {
    const { positionMs } = this;
    return this.#bufferedMs > positionMs ? [[positionMs, Math.round(this.#bufferedMs)]] : [];
  }

  get device(): string {
    return this.#outlet.device;
  }

  setDevice(id: string): Promise<void> {
    return this.#outlet.setDevice(id);
  }

  hint(src: string, loudness: Loudness): void {
    this.#order({ type: "hint", src: absolute(src), loudness });
  }

  get volume(): number {
    return this.#outlet.volume;
  }

  set volume(volume: number) {
    this.#outlet.volume = volume;
    this.#volumeChanged();
  }

  get muted(): boolean {
    return this.#outlet.muted;
  }

  set muted(muted: boolean) {
    this.#outlet.muted = muted;
    this.#volumeChanged();
  }

  get rate(): number {
    return this.#speed;
  }

  set rate(rate: number) {
    this.#tellPosition();
    const speed = Math.max(0.25, Math.min(4, rate));
    if (speed === this.#speed) return;
    this.#speed = speed;
    this.#set();
    this.#tell({ type: "rate", rate: speed });
    // What was decoded ahead is of the speed before: it is written anew from where it is heard.
    if (this.#places.id === this.#id && !this.#ended) this.#renew();
  }

  load(src: string, positionMs = 0): void {
    this.#waiting.reject("AbortError", "another track was loaded");
    // It has followed on the one before already: nothing is loaded, sound goes on.
    if (this.#next?.src === src && this.#places.id === this.#next.id && positionMs === 0) {
      this.#adopt(this.#next);
      return;
    }
    this.#begin(src);
    this.#order({ type: "load", id: this.#id, src: absolute(src), positionMs });
  }

  prepare(src: string | undefined): void {
    if (this.#next?.src === src) return;
    if (src === undefined) {
      this.#next = undefined;
      this.#order({ type: "prepare", id: 0 });
      return;
    }
    this.#ids += 1;
    this.#next = { id: this.#ids, src };
    this.#order({ type: "prepare", id: this.#ids, src: absolute(src) });
  }

  async play(): Promise<void> {
    if (!this.#src) return;
    this.#wanted = true;
    if (this.#ended) {
      this.#ended = false;
      this.seek(0);
    }
    // Failed before, or never loaded: there is nothing to wait for.
    const sound = this.#waiting.sound();
    void this.#run();
    return sound;
  }

  pause(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#waiting.reject("AbortError", "playback was paused");
    this.#outlet.command({ running: false });
    const wasSounding = this.#sounding;
    this.#sounding = false;
    if (wasSounding) this.#tellPosition();
    this.#tell({ type: "paused", positionMs: this.positionMs });
  }

  seek(positionMs: number): void {
    if (!this.#src) return;
    this.#tellPosition();
    const fromMs = this.#seeking?.fromMs ?? this.positionMs;
    const toMs = Math.max(0, Math.min(positionMs, this.#durationMs ?? positionMs));
    this.#ids += 1;
    this.#seeking = { fromMs, toMs, seek: this.#ids };
    this.#renewing = false;
    this.#frozen = undefined;
    this.#ended = false;
    this.#outlet.command({ hold: true });
    this.#tell({ type: "seeking", fromMs, toMs: this.positionMs });
    this.#order({ type: "seek", id: this.#id, positionMs: toMs, seek: this.#ids, speed: this.#speed });
  }

  /** Has all after the present place written anew, once that stands still: no seek that anyone is told of. */
  #renew(): void {
    if (this.#outlet.output) {
      this.#renewing = true;
      this.#outlet.command({ hold: true });
    } else this.#rewrite();
  }

  #rewrite(): void {
    this.#renewing = false;
    this.#ids += 1;
    const positionMs = this.#seeking?.toMs ?? this.#frozen?.positionMs ?? this.#place();
    this.#frozen = { positionMs, seek: this.#ids };
    if (this.#seeking) this.#seeking = { ...this.#seeking, seek: this.#ids };
    this.#order({ type: "seek", id: this.#id, positionMs, seek: this.#ids, speed: this.#speed });
  }

  /** Goes back into a track that is decoded to its end, where what follows on it is being decoded. */
  #reload({ id, positionMs, seek }: Extract<Report, { type: "passed" }>): void {
    if (id !== this.#id) return;
    const next = this.#next;
    this.#next = undefined;
    this.#order({ type: "load", id, src: absolute(this.#src), positionMs, seek });
    if (next) this.prepare(next.src);
  }

  unload(): void {
    this.#wanted = false;
    this.#sounding = false;
    this.#waiting.reject("AbortError", "the track was let go");
    this.#src = "";
    this.#id = 0;
    this.#next = undefined;
    this.#reset();
    this.#places.clear();
    this.#outlet.command({ running: false, hold: true });
    this.#order({ type: "stop" });
  }

  /** Lets go of everything; the engine is of no use afterwards. */
  close(): void {
    this.unload();
    this.#thread.end();
    this.#outlet.close();
  }

  #begin(src: string): void {
    this.#ids += 1;
    this.#id = this.#ids;
    this.#src = src;
    this.#next = undefined;
    this.#reset();
    this.#places.clear();
    this.#outlet.command({ hold: true, running: false });
  }

  #reset(): void {
    this.#durationMs = undefined;
    this.#bufferedMs = 0;
    this.#seeking = undefined;
    this.#renewing = false;
    this.#frozen = undefined;
    this.#sounding = false;
    this.#ended = false;
    this.#toldMs = 0;
  }

  /** Takes the track that follows as the one that is loaded. */
  #adopt(next: { readonly id: number; readonly src: string; durationMs?: number }): void {
    this.#reset();
    this.#id = next.id;
    this.#src = next.src;
    this.#next = undefined;
    this.#durationMs = next.durationMs;
    this.#tell({ type: "duration", durationMs: this.durationMs });
  }

  /** Where the sound is that is heard, in milliseconds. */
  #place(): number {
    const place = this.#places.of(this.#id, this.#rendered.at, this.#outlet.rate);
    return this.#durationMs === undefined ? place : Math.min(place, this.#durationMs);
  }

  /** Sounds, if that is wanted and there is an output. */
  async #run(): Promise<void> {
    const { output } = this.#outlet;
    const id = this.#id;
    if (!this.#wanted || !output || this.#durationOutput !== id) return;
    const started = await output.start();
    if (id !== this.#id || !this.#wanted) return;
    if (!started) {
      this.#wanted = false;
      this.#waiting.reject("NotAllowedError", "the browser wants a gesture before there is sound");
      return;
    }
    this.#outlet.applyVolume();
    output.command({ running: true });
  }

  /** The track whose rate the output has. */
  #durationOutput = 0;

  #order(order: Order): void {
    this.#thread.order(order);
  }

  /** There is a thread, perhaps after another. */
  #begun(): void {
    this.#set();
    // Its other end belonged to the thread before.
    this.#outlet.close();
  }

  #set(): void {
    const { crossfadeMs = 0, loudness = "off", preservesPitch = true } = this.#options;
    const settings = { speed: this.#speed, keepPitch: preservesPitch, crossfadeMs, gain: loudness };
    this.#thread.orderIfAny({ type: "set", ...settings });
  }

  #hear(report: Report): void {
    switch (report.type) {
      case "opened":
      case "length":
        if (report.id === this.#next?.id && report.durationMs !== undefined) this.#next.durationMs = report.durationMs;
        if (report.id !== this.#id) break;
        if (report.durationMs !== undefined) {
          this.#durationMs = report.durationMs;
          this.#tell({ type: "duration", durationMs: this.durationMs });
        }
        if (report.type === "opened") void this.#connect(report.id, report.rate);
        break;
      case "mark":
        this.#marked(report);
        break;
      case "passed":
        this.#reload(report);
        break;
      case "buffered":
        if (report.id === this.#id) this.#bufferedMs = report.untilMs;
        break;
      case "expired":
        void this.#refresh(report.id, report.status);
        break;
      case "failed":
        this.#failed(report);
        break;
    }
  }

  /** Sees that there is an output at the track's own rate. */
  async #connect(id: number, rate: number): Promise<void> {
    if (this.#outlet.output?.connection.rate !== rate) {
      const output = await this.#outlet.open(rate).catch(() => {
        const message = "the browser gives no output for sound";
        if (id === this.#id) this.#failed({ id, code: "unplayable", message, fatal: false });
        return undefined;
      });
      if (!output) return;
      this.#rendered = { ...this.#rendered, at: 0, starving: false, ended: false, holding: false };
      this.#order({ type: "connect", ...output.connection });
    }
    this.#durationOutput = this.#id;
    await this.#run();
  }

  #marked({ at, id, positionMs, speed, seek }: Extract<Report, { type: "mark" }>): void {
    const isAlone = seek !== undefined || (id === this.#id && !this.#places.knows(id));
    this.#places.add({ at, id, positionMs, speed }, isAlone);
    if (seek !== undefined && seek === this.#frozen?.seek) this.#frozen = undefined;
    if (seek !== undefined && seek === this.#seeking?.seek) {
      const { fromMs } = this.#seeking;
      this.#seeking = undefined;
      this.#toldMs = positionMs;
      this.#tell({ type: "seeked", fromMs: Math.round(fromMs), toMs: Math.round(positionMs) });
    }
  }

  #heard(rendered: Rendered): void {
    this.#rendered = rendered;
    if (this.#renewing && rendered.holding) this.#rewrite();
    // A flush may be told of before the mark that it was for.
    if (this.#seeking || this.#frozen) return;
    const before = this.#places.id;
    if (this.#places.reach(rendered.at) && before === this.#id) {
      this.#joined();
      return;
    }
    if (!this.#wanted) return;
    if (rendered.ended && this.#sounding) {
      this.#end();
    } else if (rendered.starving) {
      if (this.#sounding) {
        this.#sounding = false;
        this.#tell({ type: "stalled", positionMs: this.positionMs });
      }
    } else if (this.#places.isBeyond(this.#id, rendered.at)) {
      if (!this.#sounding) {
        this.#sounding = true;
        this.#waiting.resolve();
        this.#tell({ type: "playing", positionMs: this.positionMs });
      }
      if (Math.abs(this.positionMs - this.#toldMs) >= TELL_MS) this.#tellPosition();
    }
  }

  /** The track that follows has begun to sound. */
  #joined(): void {
    const next = this.#next;
    const wanted = this.#wanted;
    const positionMs = this.durationMs ?? this.#toldMs;
    this.#sounding = false;
    this.#tell({ type: "position", positionMs });
    this.#tell({ type: "ended", positionMs });
    // Whoever listens has loaded it by now; else it is not to be heard.
    if (next && this.#id === next.id && wanted) return;
    if (this.#id !== next?.id) this.#outlet.command({ running: false });
  }

  #end(): void {
    this.#sounding = false;
    this.#wanted = false;
    this.#ended = true;
    this.#outlet.command({ running: false });
    const positionMs = this.durationMs ?? this.positionMs;
    this.#tell({ type: "position", positionMs });
    this.#tell({ type: "ended", positionMs });
  }

  async #refresh(id: number, status: number): Promise<void> {
    let src: string | undefined;
    try {
      src = await this.#options.refresh?.(id === this.#next?.id ? this.#next.src : this.#src, status);
    } catch {
      // As if there were none.
    }
    this.#order({ type: "address", id, ...(src !== undefined && { src: absolute(src) }) });
  }

  #failed({ id, code, message, fatal }: Omit<Extract<Report, { type: "failed" }>, "type">): void {
    if (fatal) {
      this.#thread.end();
    }
    if (!this.#src || (id !== this.#id && !fatal)) return;
    const positionMs = this.positionMs;
    this.#wanted = false;
    this.#sounding = false;
    this.#outlet.command({ running: false });
    this.#waiting.reject("NotSupportedError", message);
    this.#tell({ type: "failed", code, message, positionMs });
  }

  #volumeChanged(): void {
    this.#tellPosition();
    this.#outlet.applyVolume();
    this.#tell({ type: "volume", volume: this.volume, muted: this.muted });
  }

  #tellPosition(): void {
    if (this.#seeking || !this.#src) return;
    this.#toldMs = this.positionMs;
    this.#tell({ type: "position", positionMs: this.#toldMs });
  }

  #tell(signal: EngineSignal): void {
    this.#listener(signal);
  }
}

function absolute(src: string): string {
  return new URL(src, document.baseURI).href;
}
