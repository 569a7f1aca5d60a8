// What is played, in which order. Knows nothing of playback.

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
  /** What led to the play: album, playlist, search … */
  source?: string;
  /** Whether `src` is on this device. */
  offline?: boolean;
}

/**
 * An ordered list with a place in it. What is put in is copied: the same track may stand in it twice, and each of
 * them is an object of its own.
 */
export class Queue {
  #tracks: Readonly<PlayerTrack>[] = [];
  #index = -1;
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
    return this.#index + 1 < this.#tracks.length;
  }

  get hasPrevious(): boolean {
    return this.#index > 0;
  }

  /** Puts tracks at the end. */
  add(...tracks: PlayerTrack[]): void {
    this.insert(this.#tracks.length, ...tracks);
  }

  /** Puts tracks before place `at`; the current track stays the current one. */
  insert(at: number, ...tracks: PlayerTrack[]): void {
    if (tracks.length === 0) return;
    const place = clamp(at, this.#tracks.length);
    this.#tracks.splice(place, 0, ...tracks.map((track) => Object.freeze({ ...track })));
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
    this.#tracks = [];
    this.#index = -1;
    this.#changed();
  }

  /** Makes the track at place `at` current; false if there is none. */
  select(at: number): boolean {
    if (!this.#tracks[at]) return false;
    this.#index = at;
    this.#changed();
    return true;
  }
}

function clamp(at: number, most: number): number {
  return Math.max(0, Math.min(Math.trunc(at) || 0, most));
}
