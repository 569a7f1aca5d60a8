// One track being decoded: bytes from its source, through its decoder, as stereo.

import type { Loudness } from "../../queue.js";
import { type Decoder, openDecoder, State } from "./codecs.js";
import type { GainMode } from "./messages.js";
import { mixDown } from "./mix.js";
import { Resampled } from "./resampled.js";
import { type Renew, Source, SourceError } from "./source.js";

/** What is read at the end of a file for its length, where only that tells. */
const TAIL = 64 << 10;
/** Where ReplayGain 2 brings a track: what tags refer to. */
const REFERENCE_LUFS = -18;
/** What is almost silent is not made loud. */
const MOST_GAIN_DB = 15;

export class Voice {
  id: number;
  readonly src: string;
  /** Frames per second of what it gives; frames of it are counted at this rate. */
  rate: number;
  /** Is called when the length comes to be known, or changes. */
  onlength: (durationMs: number) => void = () => {};
  readonly #source: Source;
  readonly #decoder: Decoder;
  #resampled: Resampled | undefined;
  #loudness: Loudness | undefined;
  #hasBegun = false;
  /** Frames of the present block, those given, and the frame that the next of them is, at the file's own rate. */
  #held = 0;
  #given = 0;
  #decoded = 0;
  #isThrough = false;
  /** The same as it is given, at the rate that is wanted. */
  #frame = 0;
  #ended = false;

  private constructor(id: number, src: string, source: Source, decoder: Decoder) {
    this.id = id;
    this.src = src;
    this.#source = source;
    this.#decoder = decoder;
    this.rate = decoder.audio.rate;
  }

  /** Opens a file, up to where its sound is known. */
  static async open(id: number, src: string, renew: Renew, signal: AbortSignal): Promise<Voice> {
    const source = new Source(src, renew);
    try {
      const head = await source.read(0, signal);
      const decoder = await openDecoder(head);
      if (source.length !== undefined) decoder.audio.length(source.length);
      decoder.audio.feed(0, head);
      await advance(source, decoder, signal);
      const voice = new Voice(id, src, source, decoder);
      if (voice.frames === undefined) void voice.#readTail();
      return voice;
    } catch (thrown) {
      source.close();
      throw thrown;
    }
  }

  /** Frames of music, once known. */
  get frames(): number | undefined {
    const { frames, rate } = this.#decoder.audio;
    return frames === undefined ? undefined : Math.ceil((frames * this.rate) / rate);
  }

  /** Has it give another rate than the file's own, from its begin on. */
  async resample(rate: number): Promise<void> {
    if (rate === this.rate) return;
    this.#resampled = await Resampled.open(this.#decoder.audio.rate, rate, (left, right, signal) =>
      this.#decode(left, right, 0, signal),
    );
    this.rate = rate;
    this.seek(0);
  }

  /** Says how loud the file is; too late once it sounds. */
  hint(loudness: Loudness): void {
    if (!this.#hasBegun) this.#loudness = loudness;
  }

  get durationMs(): number | undefined {
    return this.frames === undefined ? undefined : (this.frames / this.rate) * 1000;
  }

  /** The frame that is given next. */
  get frame(): number {
    return this.#frame;
  }

  /** How far the file is here, as a share of its length in time. */
  get bufferedMs(): number | undefined {
    const { length, end } = this.#source;
    return this.durationMs === undefined || !length ? undefined : this.durationMs * (end / length);
  }

  /** How much louder it is wanted, by what is known of it or by its tags, never so that its samples clip. */
  gain(mode: GainMode): number {
    if (mode === "off") return 1;
    const [track = Number.NaN, trackPeak = Number.NaN, album = Number.NaN, albumPeak = Number.NaN] =
      this.#decoder.audio.gain();
    const wanted: [number, number] =
      mode === "album" && !Number.isNaN(album)
        ? [album, albumPeak]
        : this.#loudness
          ? [REFERENCE_LUFS - this.#loudness.integratedLufs, 10 ** (this.#loudness.truePeakDbtp / 20)]
          : [track, trackPeak];
    const [decibels, peak] = wanted;
    if (Number.isNaN(decibels)) return 1;
    const gain = 10 ** (Math.min(decibels, MOST_GAIN_DB) / 20);
    return peak > 0 ? Math.min(gain, 1 / peak) : gain;
  }

  /** The next frames goes on with is `frame`. */
  seek(frame: number): void {
    this.#frame = Math.max(0, frame);
    this.#go(this.#resampled ? this.#resampled.seek(this.#frame) : this.#frame);
    this.#ended = false;
  }

  #go(decoded: number): void {
    this.#decoder.audio.seek(decoded);
    this.#decoded = decoded;
    this.#held = 0;
    this.#given = 0;
    this.#isThrough = false;
  }

  /** Fills `left` and `right` from place `at` on; gives how many frames it put there, fewer only at a hole or the end. */
  async pull(left: Float32Array, right: Float32Array, at: number, signal: AbortSignal): Promise<number> {
    this.#hasBegun = true;
    const count = this.#resampled
      ? await this.#resampled.pull(left.subarray(at), right.subarray(at), signal)
      : await this.#decode(left, right, at, signal);
    this.#ended = this.#resampled ? this.#resampled.ended : this.#isThrough;
    // Where some of it is missing, the decoder says where it goes on.
    this.#frame = this.#resampled ? this.#frame + count : this.#decoded;
    return count;
  }

  /** The same, at the file's own rate. */
  async #decode(left: Float32Array, right: Float32Array, at: number, signal: AbortSignal): Promise<number> {
    let place = at;
    while (place < left.length && !this.#isThrough) {
      if (this.#given === this.#held) {
        let state: number;
        try {
          state = await advance(this.#source, this.#decoder, signal);
        } catch (thrown) {
          // What is here already is given first.
          if (place > at) break;
          throw thrown;
        }
        if (state === State.end) {
          this.#isThrough = true;
          break;
        }
        const { at: frame, len } = this.#decoder.audio;
        this.#held = len;
        this.#given = 0;
        if (frame !== this.#decoded) {
          // Some of it is missing: what follows is told to be where it is.
          this.#decoded = frame;
          if (place > at) break;
        }
      }
      const count = Math.min(left.length - place, this.#held - this.#given);
      mixDown(this.#decoder, this.#given, count, left, right, place);
      this.#given += count;
      this.#decoded += count;
      place += count;
    }
    return place - at;
  }

  get ended(): boolean {
    return this.#ended;
  }

  close(): void {
    this.#source.close();
    this.#resampled?.close();
    this.#decoder.audio.free();
  }

  async #readTail(): Promise<void> {
    try {
      const bytes = await this.#source.tail(TAIL);
      if (!bytes) return;
      this.#decoder.audio.tail(bytes);
      if (this.durationMs !== undefined) this.onlength(this.durationMs);
    } catch {
      // The length stays unknown until the end is reached.
    }
  }
}

/** Goes on until there are samples, the track is known, or nothing follows. */
export async function advance(source: Source, { audio }: Decoder, signal: AbortSignal): Promise<number> {
  for (;;) {
    const state: number = audio.advance();
    if (state === State.unsupported || state === State.damaged) {
      throw new SourceError("unplayable", audio.error ?? "the audio cannot be decoded");
    }
    if (state !== State.read) return state;
    const { at } = audio;
    const bytes = await source.read(at, signal);
    if (source.length !== undefined) audio.length(source.length);
    audio.feed(at, bytes);
  }
}
