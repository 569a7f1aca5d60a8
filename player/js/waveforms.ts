// The waveforms and the loudness of tracks: as they say themselves, or found out where that is wanted.

import type { PlayerOptions } from "./options.js";
import type { Loudness, PlayerTrack } from "./queue.js";

/** What is to be found out. */
interface Wanted {
  readonly track: PlayerTrack;
  readonly src: string;
  readonly ending: AbortController;
}

/** Who is told what was found out. */
interface Listener {
  changed(track: PlayerTrack): unknown;
  loud(src: string, loudness: Loudness): void;
}

export class Waveforms {
  readonly #options: Pick<PlayerOptions, "analyse" | "refresh">;
  readonly #listener: Listener;
  readonly #known = new WeakMap<PlayerTrack, readonly number[]>();
  /** Tracks that were asked for, whatever came of it. */
  readonly #asked = new WeakSet<PlayerTrack>();
  /** One after the other: the first is being worked on. */
  #wanted: Wanted[] = [];

  constructor(options: Pick<PlayerOptions, "analyse" | "refresh">, listener: Listener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** How high a track's sound is over its length, as far as that is known. */
  peek(track: PlayerTrack): readonly number[] | undefined {
    return typeof track.waveform === "object" ? track.waveform : this.#known.get(track);
  }

  /** Finds out what is not known of a track that is read at `src`. Never rejects: it is for the eye. */
  want(track: PlayerTrack, src: string): void {
    if (track.loudness) this.#listener.loud(src, track.loudness);
    if (this.#asked.has(track)) return;
    this.#asked.add(track);
    if (typeof track.waveform === "string") void this.#fetch(track, track.waveform);
    if (!this.#options.analyse || (track.waveform !== undefined && track.loudness)) return;
    this.#wanted.push({ track, src, ending: new AbortController() });
    if (this.#wanted.length === 1) void this.#work();
  }

  /** Lets go of what is wanted of all but those of `tracks`. */
  keep(tracks: readonly (PlayerTrack | undefined)[]): void {
    for (const { track, ending } of this.#wanted) {
      if (tracks.includes(track)) continue;
      ending.abort();
      this.#asked.delete(track);
    }
    this.#wanted = this.#wanted.filter(({ ending }, at) => at === 0 || !ending.signal.aborted);
  }

  close(): void {
    this.keep([]);
  }

  async #work(): Promise<void> {
    for (let [wanted] = this.#wanted; wanted; [wanted] = this.#wanted) {
      await this.#analyse(wanted);
      this.#wanted.shift();
    }
  }

  async #analyse({ track, src, ending: { signal } }: Wanted): Promise<void> {
    const progress = (waveform: readonly number[]) => track.waveform === undefined && this.#learn(track, waveform);
    const { refresh } = this.#options;
    try {
      signal.throwIfAborted();
      const { analyse } = await import("./analysis/analyse.js");
      const { waveform, loudness } = await analyse(src, { signal, progress, ...(refresh && { refresh }) });
      progress(waveform);
      if (!track.loudness) this.#listener.loud(src, loudness);
    } catch {
      // What is wrong with it is told when it is played.
    }
  }

  async #fetch(track: PlayerTrack, address: string): Promise<void> {
    try {
      const answer = await fetch(address);
      const peaks = answer.ok ? read(await answer.json()) : undefined;
      if (peaks) this.#learn(track, peaks);
    } catch {
      // It is shown without.
    }
  }

  #learn(track: PlayerTrack, waveform: readonly number[]): void {
    this.#known.set(track, waveform);
    this.#listener.changed(track);
  }
}

/** Peaks of a list of numbers, or of what audiowaveform writes: pairs of the lowest and highest of each step. */
function read(value: unknown): readonly number[] | undefined {
  if (isNumbers(value)) return value;
  const { data, bits, channels = 1 } = Object(value) as { data?: unknown; bits?: number; channels?: number };
  if (!isNumbers(data) || (bits !== 8 && bits !== 16)) return undefined;
  const each = 2 * channels;
  return Array.from({ length: Math.floor(data.length / each) }, (_, at) => {
    const step = data.slice(at * each, (at + 1) * each).map(Math.abs);
    return Math.min(1, Math.max(...step) / 2 ** (bits - 1));
  });
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === "number");
}
