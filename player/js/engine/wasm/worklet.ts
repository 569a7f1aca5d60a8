// Sounds what the worker decodes. Loaded by its address, so it imports nothing but types.

import type { Command, Feed, Rendered } from "./messages.js";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: Options }) => object,
): void;

interface Options {
  ring?: SharedArrayBuffer;
  header: number;
}

/** Sound goes on, after there was none, only with this much of it, in seconds: at first, and after a glitch. */
const FILL_S = 0.04;
const REFILL_S = 0.3;
/** What is told is this coarse, in seconds. */
const TELL_S = 0.02;

class Output extends AudioWorkletProcessor {
  readonly #chunks: { at: number; planes: readonly Float32Array[] }[] = [];
  readonly #counts: Int32Array | undefined;
  readonly #samples: Float32Array | undefined;
  #feed: MessagePort | undefined;
  #running = false;
  #holding = false;
  #at = 0;
  #end: number | undefined;
  #heard = 0;
  #glitches = 0;
  /** Whether there was sound since the last flush: silence before it is no glitch. */
  #begun = false;
  #starving = false;
  /** Whether the last block was filled. */
  #flowing = false;
  #told = -1;
  #toldState = "";

  constructor({ processorOptions: { ring, header } }: { processorOptions: Options }) {
    super();
    if (ring) {
      this.#counts = new Int32Array(ring, 0, header);
      this.#samples = new Float32Array(ring, header * 4);
    }
    this.port.onmessage = ({ data }: MessageEvent<MessagePort | Command>) => {
      if (data instanceof MessagePort) {
        this.#feed = data;
        data.onmessage = ({ data: feed }: MessageEvent<Feed>) => this.#take(feed);
        return;
      }
      if (data.running !== undefined) this.#running = data.running;
      if (data.hold) this.#holding = true;
      this.#tell();
    };
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    const wanted = output?.[0]?.length ?? 0;
    if (!output || !this.#running || this.#holding) return true;
    // Stopping and going at every block would be worse than a longer pause.
    const least = sampleRate * (this.#begun ? REFILL_S : FILL_S);
    const isFilled = this.#flowing || this.#end !== undefined || this.#held() >= least;
    const given = !isFilled ? 0 : this.#samples ? this.#fromRing(output, wanted) : this.#fromChunks(output, wanted);
    this.#flowing = given === wanted;
    this.#at += given;
    this.#heard += given;
    if (given > 0) this.#begun = true;
    const starving = given < wanted && !this.#isAtEnd();
    if (starving && !this.#starving && this.#begun) this.#glitches += 1;
    this.#starving = starving;
    if (this.#at - this.#told >= sampleRate * TELL_S || `${starving}${this.#isAtEnd()}` !== this.#toldState)
      this.#tell();
    return true;
  }

  /** Frames that are here and not yet sounded. */
  #held(): number {
    if (this.#counts) return (Atomics.load(this.#counts, 1) - (this.#at | 0)) | 0;
    const last = this.#chunks.at(-1);
    return last ? last.at + (last.planes[0]?.length ?? 0) - this.#at : 0;
  }

  #isAtEnd(): boolean {
    return this.#end !== undefined && this.#at >= this.#end;
  }

  #tell(): void {
    this.#told = this.#at;
    this.#toldState = `${this.#starving}${this.#isAtEnd()}`;
    const rendered: Rendered = {
      at: this.#at,
      heard: this.#heard,
      glitches: this.#glitches,
      starving: this.#starving,
      ended: this.#isAtEnd(),
      holding: this.#holding,
    };
    this.port.postMessage(rendered);
    this.#feed?.postMessage(rendered);
  }

  #take(feed: Feed): void {
    switch (feed.type) {
      case "chunk":
        this.#chunks.push(feed);
        break;
      case "flush":
        this.#at = Math.max(this.#at, feed.at);
        if (this.#counts) Atomics.store(this.#counts, 0, this.#at | 0);
        while (this.#chunks[0] && this.#chunks[0].at < feed.at) this.#chunks.shift();
        this.#holding = false;
        this.#begun = false;
        this.#flowing = false;
        this.#starving = false;
        this.#end = undefined;
        this.#tell();
        break;
      case "end":
        this.#end = feed.at;
        break;
    }
  }

  #fromChunks(output: Float32Array[], wanted: number): number {
    let given = 0;
    while (given < wanted) {
      const [chunk] = this.#chunks;
      const held = chunk?.planes[0]?.length ?? 0;
      if (!chunk) break;
      const from = this.#at + given - chunk.at;
      const count = Math.min(wanted - given, held - from);
      for (const [channel, plane] of output.entries()) {
        const source = chunk.planes[Math.min(channel, chunk.planes.length - 1)];
        if (source && count > 0) plane.set(source.subarray(from, from + count), given);
      }
      given += Math.max(0, count);
      if (from + count >= held) this.#chunks.shift();
    }
    return given;
  }

  #fromRing(output: Float32Array[], wanted: number): number {
    const [counts, samples] = [this.#counts, this.#samples];
    if (!counts || !samples) return 0;
    const frames = samples.length / output.length;
    // Counts wrap at 32 bits; their difference does not.
    const written = (Atomics.load(counts, 1) - (this.#at | 0)) | 0;
    const given = Math.max(0, Math.min(wanted, written));
    for (const [channel, plane] of output.entries()) {
      for (let done = 0; done < given; ) {
        const place = (this.#at + done) % frames;
        const count = Math.min(given - done, frames - place);
        const base = channel * frames + place;
        plane.set(samples.subarray(base, base + count), done);
        done += count;
      }
    }
    Atomics.store(counts, 0, (this.#at + given) | 0);
    return given;
  }
}

registerProcessor("delistening-output", Output);
