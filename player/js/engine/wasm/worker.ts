// Decodes in a thread of its own: one order after the other, and, in between, as much sound as there is room for.

import type { Loudness } from "../../queue.js";
import { Bus } from "./bus.js";
import { fade, type Stereo, scale, stereo } from "./fade.js";
import type { GainMode, Order, Report } from "./messages.js";
import { Sink } from "./sink.js";
import { SourceError } from "./source.js";
import { Speed } from "./speed.js";
import { Voice } from "./voice.js";

/** Frames that are decoded at once: orders are looked at in between. */
const STEP = 2048;
const MOST_HINTS = 8;
/** A track that may have to make way for another is written to its end only when no more than this is left to sound,
 *  in seconds: until then the other may still come. */
const LATE_S = 0.3;

interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(report: Report): void;
}
const scope = self as unknown as Scope;
const tell = (report: Report): void => scope.postMessage(report);

/** The track that follows. */
interface Next {
  readonly id: number;
  readonly src: string;
  readonly voice: Promise<Voice | undefined>;
  open?: Voice;
}

/** Decoded, and waiting for room. */
interface Pending {
  readonly planes: Stereo;
  done: number;
}

class Engine {
  readonly #orders: Order[] = [];
  /** Ends what is being waited for when an order arrives. */
  #interrupt = new AbortController();
  #woken: () => void = () => {};
  #sink: Bus | undefined;
  #current: Voice | undefined;
  #next: Next | undefined;
  readonly #addresses = new Map<number, (src: string | undefined) => void>();
  /** How loud files are, by what was said of them. */
  readonly #hints = new Map<string, Loudness>();
  #crossfadeMs = 0;
  #gain: GainMode = "off";
  #speed = 1;
  #keepPitch = true;
  /** What changes the speed, while it is not 1, and the frame of the track that it began with. */
  #changing: { readonly speed: Speed; readonly from: number } | undefined;
  /** The frame of the present track that the last mark expects next. */
  #expected: number | undefined;
  #ended = false;
  #toldMs = 0;
  #pending: Pending | undefined;
  #loading = new AbortController();

  order(order: Order): void {
    // Its answer is waited for by what an order would interrupt.
    if (order.type === "address") {
      this.#addresses.get(order.id)?.(order.src);
      this.#addresses.delete(order.id);
      return;
    }
    this.#orders.push(order);
    if (order.type === "load" || order.type === "stop") this.#loading.abort();
    this.#interrupt.abort();
    this.#sink?.wake();
    this.#woken();
  }

  async run(): Promise<never> {
    for (;;) {
      this.#interrupt = new AbortController();
      const { signal } = this.#interrupt;
      try {
        const order = this.#orders[0];
        if (order) {
          // Taken before it is carried out: one that fails is not tried again.
          this.#orders.shift();
          await this.#obey(order);
        } else if (!this.#sink || !this.#current || this.#ended || this.#sink.rate !== this.#current.rate) {
          await new Promise<void>((resolve) => {
            this.#woken = resolve;
          });
        } else if (this.#sink.room < STEP) {
          await this.#sink.change();
        } else if (this.#pending) {
          this.#writePending(this.#sink, this.#pending);
        } else {
          await this.#write(this.#sink, this.#current, signal);
        }
      } catch (thrown) {
        if (!signal.aborted) this.#fail(thrown, this.#current?.id ?? 0);
      }
    }
  }

  async #obey(order: Order): Promise<void> {
    switch (order.type) {
      case "connect":
        this.#sink = new Bus(new Sink(order.port, order.rate, order.ring));
        this.#limit();
        // A rate that no output can have.
        await this.#current?.resample(order.rate);
        await this.#next?.open?.resample(order.rate);
        if (this.#current) this.#mark(this.#current);
        break;
      case "set":
        this.#crossfadeMs = order.crossfadeMs;
        this.#gain = order.gain;
        this.#keepPitch = order.keepPitch;
        this.#speed = order.speed;
        this.#limit();
        break;
      case "hint":
        this.#hint(order.src, order.loudness);
        break;
      case "load":
        await this.#load(order);
        break;
      case "prepare":
        this.#prepare(order.id, order.src);
        break;
      case "seek":
        // A change of speed is one too: from where it is heard on, all is written anew.
        this.#speed = order.speed;
        if (this.#current?.id === order.id) this.#seek(this.#current, order.positionMs, order.seek);
        else if (this.#current) tell({ ...order, type: "passed" });
        break;
      case "stop":
        this.#leave();
        break;
    }
  }

  /** Sound is limited where it may become louder. */
  #limit(): void {
    if (this.#sink) this.#sink.limited = this.#gain !== "off" || this.#crossfadeMs > 0;
  }

  #hint(src: string, loudness: Loudness): void {
    this.#hints.set(src, loudness);
    if (this.#hints.size > MOST_HINTS) this.#hints.delete([...this.#hints.keys()][0] ?? src);
    for (const voice of [this.#current, this.#next?.open]) if (voice?.src === src) voice.hint(loudness);
  }

  async #load({ id, src, positionMs, seek }: Extract<Order, { type: "load" }>): Promise<void> {
    const prepared = this.#next?.src === src ? await this.#next.voice : undefined;
    if (prepared) this.#next = undefined;
    this.#leave();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    // A later order may have come while the prepared one was waited for.
    if (this.#orders.some(({ type }) => type === "load" || type === "stop")) {
      prepared?.close();
      return;
    }
    try {
      const voice = prepared ?? (await this.#open(id, src, signal));
      voice.id = id;
      this.#become(voice);
      this.#seek(voice, positionMs, seek);
    } catch (thrown) {
      if (!signal.aborted) this.#fail(thrown, id);
    }
  }

  async #open(id: number, src: string, signal: AbortSignal): Promise<Voice> {
    const renew = (status: number) =>
      new Promise<string | undefined>((resolve) => {
        this.#addresses.set(id, resolve);
        tell({ type: "expired", id, status });
      });
    const voice = await Voice.open(id, src, renew, signal);
    const loudness = this.#hints.get(src);
    if (loudness) voice.hint(loudness);
    return voice;
  }

  /** A voice that follows without a gap: the output stays as it is. */
  async #openNext(id: number, src: string): Promise<Voice> {
    const voice = await this.#open(id, src, new AbortController().signal);
    if (this.#sink) await voice.resample(this.#sink.rate);
    return voice;
  }

  #prepare(id: number, src: string | undefined): void {
    void this.#next?.voice.then((voice) => voice?.close());
    this.#next = undefined;
    if (src === undefined) return;
    const voice = this.#openNext(id, src).catch(() => undefined);
    const next: Next = { id, src, voice };
    this.#next = next;
    void voice.then((open) => {
      if (!open) return;
      next.open = open;
      this.#sink?.wake();
    });
    if (this.#ended) {
      this.#ended = false;
      this.#sink?.end(false);
    }
  }

  #leave(): void {
    this.#current?.close();
    this.#current = undefined;
    this.#prepare(0, undefined);
    this.#ended = false;
    this.#pending = undefined;
    this.#sink?.flush();
  }

  #seek(voice: Voice, positionMs: number, seek?: number): void {
    const frame = Math.round((positionMs / 1000) * voice.rate);
    voice.seek(voice.frames === undefined ? frame : Math.min(frame, voice.frames));
    this.#ended = false;
    this.#pending = undefined;
    this.#sink?.flush();
    this.#mark(voice, seek);
  }

  /** What is written from here on is `voice` from where it is. */
  #mark(voice: Voice, seek?: number, at = this.#sink?.at ?? 0): void {
    this.#expected = voice.frame;
    this.#changing =
      this.#speed === 1 ? undefined : { speed: new Speed(this.#speed, this.#keepPitch, voice.rate), from: voice.frame };
    const positionMs = (voice.frame / voice.rate) * 1000;
    tell({ type: "mark", at, id: voice.id, positionMs, speed: this.#speed, ...(seek !== undefined && { seek }) });
  }

  async #write(sink: Bus, voice: Voice, signal: AbortSignal): Promise<void> {
    if (this.#changing) {
      await this.#writeChanged(sink, voice, this.#changing.speed, signal);
      return;
    }
    const untilFade = (this.#fadeBegin(sink, voice) ?? Number.POSITIVE_INFINITY) - voice.frame;
    if (untilFade <= 0) {
      const next = this.#next?.open;
      if (next) {
        await this.#writeFade(sink, voice, next, signal);
        return;
      }
      if (sink.held > LATE_S * sink.rate) {
        await sink.change();
        return;
      }
    }
    const left = new Float32Array(STEP);
    const right = new Float32Array(STEP);
    const wanted = untilFade > 0 ? Math.min(STEP, untilFade) : STEP;
    const count = await voice.pull(left.subarray(0, wanted), right.subarray(0, wanted), 0, signal);
    if (count > 0) {
      if (voice.frame - count !== this.#expected) {
        const positionMs = ((voice.frame - count) / voice.rate) * 1000;
        tell({ type: "mark", at: sink.at, id: voice.id, positionMs, speed: 1 });
      }
      this.#expected = voice.frame;
      scale([left, right], voice.gain(this.#gain));
      sink.write([left.slice(0, count), right.slice(0, count)]);
      this.#tellBuffered(voice);
    }
    if (voice.ended) await this.#turn(sink, signal);
  }

  /** At another speed than 1; there, tracks are not faded into each other. */
  async #writeChanged(sink: Bus, voice: Voice, speed: Speed, signal: AbortSignal): Promise<void> {
    const planes = await speed.next((left, right) => voice.pull(left, right, 0, signal));
    if (!planes) {
      await this.#turn(sink, signal);
      return;
    }
    scale(planes, voice.gain(this.#gain));
    sink.write(planes);
    this.#tellBuffered(voice);
  }

  /** The present track is over: the next follows at once, if there is one that can be played. */
  async #turn(sink: Bus, signal: AbortSignal): Promise<void> {
    const next = await Promise.race([this.#next?.voice, aborted(signal)]);
    if (signal.aborted) return;
    // It may have been opened before there was an output.
    await next?.resample(sink.rate);
    if (signal.aborted) return;
    if (next) {
      this.#next = undefined;
      this.#become(next);
      this.#mark(next);
    } else {
      this.#ended = true;
      sink.end(true);
      tell({ type: "end", at: sink.at });
    }
  }

  #become(next: Voice): void {
    if (this.#current !== next) this.#current?.close();
    this.#current = next;
    this.#toldMs = 0;
    next.onlength = (durationMs) => tell({ type: "length", id: next.id, durationMs });
    tell({
      type: "opened",
      id: next.id,
      rate: next.rate,
      ...(next.durationMs !== undefined && { durationMs: next.durationMs }),
    });
  }

  /** The frame of the present track at which it makes way for the next, whether or not there is one yet; none where
   *  it does not. */
  #fadeBegin(sink: Bus, voice: Voice): number | undefined {
    const next = this.#next?.open;
    if (this.#crossfadeMs <= 0 || voice.frames === undefined || (next && next.rate !== voice.rate)) return undefined;
    const wanted = Math.round((this.#crossfadeMs / 1000) * sink.rate);
    // Neither track is faded for more than half of it.
    const most = Math.floor(Math.min(voice.frames, next?.frames ?? Number.POSITIVE_INFINITY) / 2);
    return voice.frames - Math.min(wanted, most);
  }

  /** Both tracks at once, one growing quieter as the other grows louder, their power together staying the same. */
  async #writeFade(sink: Bus, voice: Voice, next: Voice, signal: AbortSignal): Promise<void> {
    const frames = Math.max(0, (voice.frames ?? 0) - voice.frame);
    const [planes, nextPlanes] = [stereo(frames), stereo(frames)];
    const [from, nextFrom] = [voice.frame, next.frame];
    try {
      await voice.pull(planes[0], planes[1], 0, signal);
      await next.pull(nextPlanes[0], nextPlanes[1], 0, signal);
    } catch (thrown) {
      // From the same places again.
      voice.seek(from);
      next.seek(nextFrom);
      throw thrown;
    }
    scale(planes, voice.gain(this.#gain));
    scale(nextPlanes, next.gain(this.#gain));
    fade(planes, nextPlanes);
    // What is heard counts for the one that is the louder.
    const middle = Math.floor(frames / 2);
    const id = this.#next?.id ?? next.id;
    this.#next = undefined;
    this.#become(next);
    const positionMs = ((nextFrom + middle) / next.rate) * 1000;
    tell({ type: "mark", at: sink.at + middle, id, positionMs, speed: 1 });
    this.#expected = next.frame;
    this.#pending = { planes, done: 0 };
  }

  #writePending(sink: Bus, pending: Pending): void {
    const end = pending.done + STEP;
    const [left, right] = pending.planes;
    sink.write([left.slice(pending.done, end), right.slice(pending.done, end)]);
    pending.done = end;
    if (end >= left.length) this.#pending = undefined;
  }

  #tellBuffered(voice: Voice): void {
    const untilMs = voice.bufferedMs;
    if (untilMs === undefined || Math.abs(untilMs - this.#toldMs) < 500) return;
    this.#toldMs = untilMs;
    tell({ type: "buffered", id: voice.id, untilMs });
  }

  #fail(thrown: unknown, id: number): void {
    // After a trap nothing of the module can be relied on.
    const fatal = thrown instanceof WebAssembly.RuntimeError;
    const isKnown = thrown instanceof SourceError;
    const message = isKnown ? thrown.message : "the audio could not be decoded";
    this.#current?.close();
    this.#current = undefined;
    tell({ type: "failed", id, code: isKnown ? thrown.code : "unplayable", message, fatal });
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

const engine = new Engine();
scope.onmessage = ({ data }) => engine.order(data);
void engine.run();
