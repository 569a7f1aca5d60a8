// Where a track's sound is read from: its address, or, where it was downloaded, this device.

import type { Downloads } from "./offline/downloads.js";
import type { PlayerTrack } from "./queue.js";

export interface TrackSource {
  readonly src: string;
  readonly artwork?: string;
  /** Whether it is read without a network. */
  readonly offline: boolean;
  /** Lets go of what was opened for it. */
  close?(): void;
}

export class Sources {
  readonly #downloads: Downloads | undefined;
  readonly #open = new Map<PlayerTrack, TrackSource>();

  constructor(downloads: Downloads | undefined) {
    this.#downloads = downloads;
  }

  /** Where a track is, if that is known already: without downloads, always. */
  peek(track: PlayerTrack): TrackSource | undefined {
    return this.#open.get(track) ?? (this.#downloads ? undefined : atAddress(track));
  }

  /** Finds where a track is. Never rejects: what cannot be had on the device is asked for at its address. */
  async find(track: PlayerTrack): Promise<TrackSource> {
    const download = await this.#downloads?.open(track.id).catch(() => undefined);
    const known = this.#open.get(track);
    if (known) {
      download?.close();
      return known;
    }
    const source = download ? { ...download, offline: true } : atAddress(track);
    this.#open.set(track, source);
    return source;
  }

  /** Lets go of all but those of `tracks`. */
  keep(tracks: readonly (PlayerTrack | undefined)[]): void {
    for (const [track, source] of this.#open) {
      if (tracks.includes(track)) continue;
      this.#open.delete(track);
      source.close?.();
    }
  }
}

function atAddress({ src, artwork, offline }: PlayerTrack): TrackSource {
  return { src, ...(artwork !== undefined && { artwork }), offline: offline ?? false };
}
