// A track at another sample rate than its own: for one that follows on another of another rate, while the output stays.

import type * as Bindings from "../../wasm/plain/delistening_player.js";
import { loadModule, type Module } from "./codecs.js";

/** Gives sound at the rate that it has: fills both channels and says how many frames there were; none at the end. */
export type Decode = (left: Float32Array, right: Float32Array, signal: AbortSignal) => Promise<number>;

/** Frames that are decoded at once. */
const STEP = 1024;

export class Resampled {
  readonly #module: Module;
  readonly #decode: Decode;
  readonly #from: number;
  readonly #to: number;
  #resampler: Bindings.Resampler;
  /** Frames that are ready, and those of them that were given. */
  #ready = 0;
  #given = 0;
  /** Frames to be left out after a seek. */
  #skip = 0;
  #hasAll = false;
  #ended = false;

  private constructor(module: Module, from: number, to: number, decode: Decode) {
    this.#module = module;
    this.#from = from;
    this.#to = to;
    this.#decode = decode;
    this.#resampler = this.#make();
  }

  static async open(from: number, to: number, decode: Decode): Promise<Resampled> {
    return new Resampled(await loadModule("resample"), from, to, decode);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Goes on with `frame`, at the rate that comes out; gives the frame of the file to decode from. */
  seek(frame: number): number {
    this.close();
    this.#resampler = this.#make();
    [this.#ready, this.#given, this.#hasAll, this.#ended] = [0, 0, false, false];
    // From the last place before it at which frames of both rates fall together.
    const common = divisor(this.#from, this.#to);
    const periods = Math.floor(frame / (this.#to / common));
    this.#skip = frame - periods * (this.#to / common);
    return periods * (this.#from / common);
  }

  /** Fills `left` and `right`; gives how many frames there were, fewer only at the end. */
  async pull(left: Float32Array, right: Float32Array, signal: AbortSignal): Promise<number> {
    let place = 0;
    while (place < left.length) {
      if (this.#given === this.#ready && !this.#advance()) {
        if (this.#hasAll) {
          this.#ended = true;
          break;
        }
        try {
          await this.#add(signal);
        } catch (thrown) {
          // What is here already is given first.
          if (place > 0) break;
          throw thrown;
        }
        continue;
      }
      const skip = Math.min(this.#skip, this.#ready - this.#given);
      this.#skip -= skip;
      this.#given += skip;
      const count = Math.min(left.length - place, this.#ready - this.#given);
      for (const [channel, plane] of [left, right].entries()) {
        const at = (this.#resampler.samples(channel) + this.#given) * 4;
        plane.set(new Float32Array(this.#module.memory.buffer, at, count), place);
      }
      this.#given += count;
      place += count;
    }
    return place;
  }

  close(): void {
    this.#resampler.free();
  }

  #make(): Bindings.Resampler {
    const made = this.#module.Resampler.open(this.#from, this.#to);
    if (!made) throw new Error(`${this.#from} cannot become ${this.#to}`);
    return made;
  }

  #advance(): boolean {
    this.#ready = this.#resampler.advance();
    this.#given = 0;
    return this.#ready > 0;
  }

  async #add(signal: AbortSignal): Promise<void> {
    const planes = [new Float32Array(STEP), new Float32Array(STEP)] as const;
    const count = await this.#decode(...planes, signal);
    if (count === 0) {
      this.#hasAll = true;
      this.#resampler.end();
      return;
    }
    for (const [channel, plane] of planes.entries()) {
      const at = this.#resampler.room(channel, count) * 4;
      new Float32Array(this.#module.memory.buffer, at, count).set(plane.subarray(0, count));
    }
    this.#resampler.add(count);
  }
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
