// Where downloads lie: one folder of Cache Storage. A download is there once its record is, which is written last;
// what has none was interrupted, and is swept.

import type { PlayerTrack } from "../queue.js";

/** What is known of a track on this device. */
export interface Download {
  readonly id: string;
  readonly track: Readonly<PlayerTrack>;
  /** Of the audio and the artwork. */
  readonly bytes: number;
  /** When it was downloaded, in milliseconds since 1970 by the device's clock. */
  readonly storedAt: number;
  /** From when on it is not to be played. */
  readonly expiresAt?: number;
}

export type Part = "audio" | "artwork";

export class Shelf {
  readonly #cache: Promise<Cache>;

  constructor(name: string) {
    this.#cache = caches.open(name);
    // Told where it is used.
    this.#cache.catch(() => {});
  }

  /** All that is whole; takes away what is not, but for what is being downloaded. */
  async open(isBusy: (id: string) => boolean): Promise<Download[]> {
    const cache = await this.#cache;
    const records = new Map<string, Download>();
    const requests = await cache.keys();
    for (const request of requests) {
      if (parse(request.url)?.part !== "record") continue;
      const record = await (await cache.match(request))?.json().catch(() => undefined);
      if (isDownload(record)) records.set(record.id, record);
    }
    for (const request of requests) {
      const id = parse(request.url)?.id;
      if (id !== undefined && !records.has(id) && !isBusy(id)) await cache.delete(request);
    }
    return [...records.values()];
  }

  async put(id: string, part: Part, body: Response): Promise<void> {
    await (await this.#cache).put(address(id, part), body);
  }

  async record(download: Download): Promise<void> {
    await (await this.#cache).put(address(download.id, "record"), Response.json(download));
  }

  /** The bytes of a part, which stay on the disk until they are read. */
  async blob(id: string, part: Part): Promise<Blob | undefined> {
    return (await (await this.#cache).match(address(id, part)))?.blob();
  }

  /** The record goes first: a download that is half taken away is none. */
  async delete(id: string): Promise<void> {
    const cache = await this.#cache;
    for (const part of ["record", "audio", "artwork"] as const) await cache.delete(address(id, part));
  }

  /** The latest time that was seen here: a clock that is set back gives nobody more time. */
  async seen(now: number): Promise<number> {
    const cache = await this.#cache;
    const url = address("", "seen");
    const before = Number(await (await cache.match(url))?.text()) || 0;
    return now > before ? this.reset(now) : before;
  }

  /** Takes `now` for the latest time. */
  async reset(now: number): Promise<number> {
    await (await this.#cache).put(address("", "seen"), new Response(String(now)));
    return now;
  }
}

function address(id: string, part: Part | "record" | "seen"): string {
  return new URL(`/.delistening/${part}/${encodeURIComponent(id)}`, location.origin).href;
}

function parse(url: string): { part: string; id: string } | undefined {
  const [, part, id] = /^\/\.delistening\/(audio|artwork|record)\/(.*)$/.exec(new URL(url).pathname) ?? [];
  return part === undefined || id === undefined ? undefined : { part, id: decodeURIComponent(id) };
}

function isDownload(value: unknown): value is Download {
  const { id, track, bytes } = Object(value) as Partial<Download>;
  return typeof id === "string" && typeof track?.src === "string" && typeof bytes === "number";
}
