// One track being decoded: bytes from its source, through its decoder, as stereo.

import { type Decoder, openDecoder, State } from "./codecs.js";
import type { GainMode } from "./messages.js";
import { mixDown } from "./mix.js";
import { type Renew, Source, SourceError } from "./source.js";

/** What is read at the end of a file for its length, where only that tells. */
const TAIL = 64 << 10;

export class Voice {
  id: number;
  readonly src: string;
  /** Frames of music per second. */
  readonly rate: number;
  /** Is called when the length comes to be known, or changes. */
  onlength: (durationMs: number) => void = () => {};
  readonly #source: Source;
  readonly #decoder: Decoder;
  /** Frames of the present block, those given, and the frame that the next of them is. */
  #held = 0;
  #given = 0;
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
    return this.#decoder.audio.frames;
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

  /** How much louder its tags want it, never so that it clips. */
  gain(mode: GainMode): number {
    const [track = Number.NaN, trackPeak = Number.NaN, album = Number.NaN, albumPeak = Number.NaN] =
      this.#decoder.audio.gain();
    const useAlbum = mode === "album" && !Number.isNaN(album);
    const [decibels, peak] = useAlbum ? [album, albumPeak] : [track, trackPeak];
    if (mode === "off" || Number.isNaN(decibels)) return 1;
    const gain = 10 ** (decibels / 20);
    return peak > 0 ? Math.min(gain, 1 / peak) : gain;
  }

  /** The next frames goes on with is `frame`. */
  seek(frame: number): void {
    this.#decoder.audio.seek(Math.max(0, frame));
    this.#held = 0;
    this.#given = 0;
    this.#ended = false;
    this.#frame = frame;
  }

  /** Fills `left` and `right` from place `at` on; gives how many frames it put there, fewer only at a hole or the end. */
  async pull(left: Float32Array, right: Float32Array, at: number, signal: AbortSignal): Promise<number> {
    let place = at;
    while (place < left.length && !this.#ended) {
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
          this.#ended = true;
          break;
        }
        const { at: frame, len } = this.#decoder.audio;
        this.#held = len;
        this.#given = 0;
        if (frame !== this.#frame) {
          // Some of it is missing: what follows is told to be where it is.
          this.#frame = frame;
          if (place > at) break;
        }
      }
      const count = Math.min(left.length - place, this.#held - this.#given);
      mixDown(this.#decoder, this.#given, count, left, right, place);
      this.#given += count;
      this.#frame += count;
      place += count;
    }
    return place - at;
  }

  get ended(): boolean {
    return this.#ended;
  }

  close(): void {
    this.#source.close();
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
