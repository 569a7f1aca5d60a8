// What is played, in which order. Knows nothing of playback.

/** How loud a track is, by EBU R 128. */
export interface Loudness {
  /** The integrated loudness, in LUFS. */
  readonly integratedLufs: number;
  /** The highest true peak, in dBTP. */
  readonly truePeakDbtp: number;
}

/** A track to play. */
export interface PlayerTrack {
  /** URL of the audio. */
  src: string;
  /** The platform's identifier; what plays are counted under. */
  id: string;
  title?: string;
  /** For people. */
  artist?: string;
  /** The platform's identifier of the artist. */
  artistId?: string;
  /** For people. */
  release?: string;
  /** The platform's identifier of the release. */
  releaseId?: string;
  /** Length in milliseconds, if known before the file is. */
  durationMs?: number;
  /** URL of a picture. */
  artwork?: string;
  /**
   * How high its sound is over its length, from 0 to 1 at even distances; or the address of that as JSON, which may also
   * be what audiowaveform writes.
   */
  waveform?: readonly number[] | string;
  /** How loud it is, where the platform has measured it. */
  loudness?: Loudness;
  /** What led to the play: album, playlist, search … */
  source?: string;
  /** Whether `src` is on this device. */
  offline?: boolean;
}

/** What follows when a track ends: the next one; the same again; or the next one, and the first after the last. */
export type Repeat = "off" | "one" | "all";

/** A queue as plain data, for JSON: what `save` gives and `restore` takes. */
export interface QueueState {
  readonly tracks: readonly Readonly<PlayerTrack>[];
  readonly index: number;
  readonly repeat: Repeat;
  /** The order before it was shuffled, as places in `tracks`; absent when it is not. */
  readonly unshuffled?: readonly number[];
  readonly history: readonly Readonly<PlayerTrack>[];
}

const REPEATS: readonly unknown[] = ["off", "one", "all"] satisfies Repeat[];
/** What was played is remembered up to this many. */
const MOST_HISTORY = 100;

/**
 * An ordered list with a place in it. What is put in is copied: the same track may stand in it twice, and each of
 * them is an object of its own.
 */
export class Queue {
  #tracks: Readonly<PlayerTrack>[] = [];
  #index = -1;
  #repeat: Repeat = "off";
  /** The order before it was shuffled, while it is. */
  #unshuffled: Readonly<PlayerTrack>[] | undefined;
  #history: Readonly<PlayerTrack>[] = [];
  readonly #changed: () => void;

  /** `changed` is called after every change. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  get tracks(): readonly Readonly<PlayerTrack>[] {
    return this.#tracks;
  }

  /** The place of the current track; -1 when there is none. */
  get index(): number {
    return this.#index;
  }

  get current(): Readonly<PlayerTrack> | undefined {
    return this.#tracks[this.#index];
  }

  get hasNext(): boolean {
    return this.next !== undefined;
  }

  get hasPrevious(): boolean {
    return this.previous !== undefined;
  }

  /** The place after the current one; the first after the last where all is repeated. */
  get next(): number | undefined {
    return this.#at(this.#index + 1);
  }

  /** The place before the current one; the last before the first where all is repeated. */
  get previous(): number | undefined {
    return this.#index < 0 ? undefined : this.#at(this.#index - 1);
  }

  /** The place that is played when the current track ends by itself. */
  get following(): number | undefined {
    return this.#repeat === "one" && this.current ? this.#index : this.next;
  }

  get repeat(): Repeat {
    return this.#repeat;
  }

  set repeat(repeat: Repeat) {
    if (repeat === this.#repeat || !REPEATS.includes(repeat)) return;
    this.#repeat = repeat;
    this.#changed();
  }

  /** What was played, the oldest first; a track that was taken out stays in it. The last hundred. */
  get history(): readonly Readonly<PlayerTrack>[] {
    return this.#history;
  }

  /** Puts a track at the end of the history: the player calls it when the track begins to sound. */
  remember(track: Readonly<PlayerTrack>): void {
    this.#history = [...this.#history, track].slice(-MOST_HISTORY);
    this.#changed();
  }

  /** Forgets what was played. */
  forget(): void {
    this.#history = [];
    this.#changed();
  }

  get shuffled(): boolean {
    return this.#unshuffled !== undefined;
  }

  /** Puts what comes after the current track, and what came before it, in a random order after it. */
  shuffle(random: () => number = Math.random): void {
    this.#unshuffled ??= [...this.#tracks];
    const { current } = this;
    const rest = this.#tracks.filter((track) => track !== current);
    for (let last = rest.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      const [a, b] = [rest[last], rest[other]];
      if (a && b) [rest[last], rest[other]] = [b, a];
    }
    this.#tracks = current ? [current, ...rest] : rest;
    this.#index = current ? 0 : -1;
    this.#changed();
  }

  /** Goes back to the order before it was shuffled; what was added since stands at the end. */
  unshuffle(): void {
    if (!this.#unshuffled) return;
    const { current } = this;
    const left = new Set(this.#tracks);
    const before = this.#unshuffled.filter((track) => left.delete(track));
    this.#tracks = [...before, ...left];
    this.#unshuffled = undefined;
    this.#index = current ? this.#tracks.indexOf(current) : -1;
    this.#changed();
  }

  /** Puts tracks at the end. */
  add(...tracks: PlayerTrack[]): void {
    this.insert(this.#tracks.length, ...tracks);
  }

  /** Puts tracks right after the current one. */
  addNext(...tracks: PlayerTrack[]): void {
    this.insert(this.#index + 1, ...tracks);
  }

  /** Puts tracks before place `at`; the current track stays the current one. */
  insert(at: number, ...tracks: PlayerTrack[]): void {
    if (tracks.length === 0) return;
    const place = clamp(at, this.#tracks.length);
    this.#tracks.splice(place, 0, ...tracks.map(copy));
    if (this.#index < 0) this.#index = place;
    else if (place <= this.#index) this.#index += tracks.length;
    this.#changed();
  }

  /** Moves the track at place `from` to place `to`; the current track stays the current one. */
  move(from: number, to: number): void {
    const track = this.#tracks[from];
    if (!track) return;
    const { current } = this;
    this.#tracks.splice(from, 1);
    this.#tracks.splice(clamp(to, this.#tracks.length), 0, track);
    this.#index = current === undefined ? -1 : this.#tracks.indexOf(current);
    this.#changed();
  }

  /** Takes the track at place `at` out. Without the current one, the one after it is current, or none. */
  remove(at: number): void {
    if (!this.#tracks[at]) return;
    this.#tracks.splice(at, 1);
    if (at < this.#index) this.#index -= 1;
    else if (this.#index === this.#tracks.length) this.#index = -1;
    this.#changed();
  }

  clear(): void {
    this.#unshuffled = undefined;
    this.#tracks = [];
    this.#index = -1;
    this.#changed();
  }

  /** All of it as plain data. */
  save(): QueueState {
    const at = new Map(this.#tracks.map((track, place) => [track, place]));
    const places = this.#unshuffled?.map((track) => at.get(track)).filter((place) => place !== undefined);
    return {
      tracks: [...this.#tracks],
      index: this.#index,
      repeat: this.#repeat,
      ...(places && { unshuffled: places }),
      history: [...this.#history],
    };
  }

  /**
   * Takes what `save` gave, in the place of what is here. What comes from a disk is not trusted: false, and nothing is
   * changed, where it is no queue; a track without `src` and `id` makes it none.
   */
  restore(state: unknown): boolean {
    const { tracks, index, repeat, unshuffled, history } = Object(state) as Partial<QueueState>;
    if (!areTracks(tracks)) return false;
    this.#tracks = tracks.map(copy);
    this.#index = typeof index === "number" && this.#tracks[index] ? index : this.#tracks.length > 0 ? 0 : -1;
    this.#repeat = repeat !== undefined && REPEATS.includes(repeat) ? repeat : "off";
    this.#unshuffled = Array.isArray(unshuffled)
      ? [...new Set(unshuffled)].flatMap((place) => this.#tracks[place as number] ?? [])
      : undefined;
    this.#history = areTracks(history) ? history.slice(-MOST_HISTORY).map(copy) : [];
    this.#changed();
    return true;
  }

  /** A place, the ends joined where all is repeated. */
  #at(place: number): number | undefined {
    const { length } = this.#tracks;
    const joined = this.#repeat === "all" && length > 0 ? (place + length) % length : place;
    return this.#tracks[joined] ? joined : undefined;
  }

  /** Makes the track at place `at` current; false if there is none. */
  select(at: number): boolean {
    if (!this.#tracks[at]) return false;
    this.#index = at;
    this.#changed();
    return true;
  }
}

function copy(track: PlayerTrack): Readonly<PlayerTrack> {
  return Object.freeze({ ...track });
}

function areTracks(value: unknown): value is PlayerTrack[] {
  return (
    Array.isArray(value) &&
    value.every((track: unknown) => {
      const { src, id } = Object(track) as Partial<PlayerTrack>;
      return typeof src === "string" && typeof id === "string";
    })
  );
}

function clamp(at: number, most: number): number {
  return Math.max(0, Math.min(Math.trunc(at) || 0, most));
}
