// Downloads: added with progress, listed, opened to be played, and ended by expiry or by the host.

import type { TypedTarget } from "../events.js";
import type { PlayerTrack } from "../queue.js";
import { DownloadError } from "./errors.js";
import { type Download, Shelf } from "./shelf.js";

export type { Download } from "./shelf.js";

export interface DownloadsOptions {
  /** Tells what belongs to one listener from what belongs to another, on one device. */
  name?: string;
  /** The most that downloads may take together, in bytes; without it, what the browser allows. */
  maxBytes?: number;
  /**
   * Asked whenever there is a network, at the start and when it comes back: of the tracks that are on the device, those
   * that are not to be there any more.
   */
  revoked?: (ids: readonly string[]) => Promise<readonly string[]> | readonly string[];
  /** The time, in milliseconds since 1970; the device's clock by default. */
  now?: () => number;
}

export interface SaveOptions {
  /** From when on it is not to be played, in milliseconds since 1970. */
  expiresAt?: number;
  /** Cancels the download. */
  signal?: AbortSignal;
}

/** Event types and their details. */
export interface DownloadsEvents {
  progress: { readonly id: string; readonly receivedBytes: number; readonly totalBytes: number | undefined };
  added: Download;
  /** Why it is gone: the page removed it, it expired, or the host took it back. */
  removed: { readonly id: string; readonly reason: "removed" | "expired" | "revoked" };
}

/** A download that can be played: addresses of this page alone, until `close`. */
export interface OpenDownload {
  readonly src: string;
  readonly artwork?: string;
  close(): void;
}

const Target = EventTarget as new () => TypedTarget<DownloadsEvents>;

/** The tracks on this device. A player that is given it plays them from here. */
export class Downloads extends Target {
  /** Resolves when what is on the device is known; rejects where nothing can be kept. */
  readonly ready: Promise<void>;
  readonly #options: DownloadsOptions;
  readonly #shelf: Shelf | undefined;
  readonly #closing = new AbortController();
  readonly #all = new Map<string, Download>();
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<Download> }>();
  #seen = 0;

  constructor(options: DownloadsOptions = {}) {
    super();
    this.#options = options;
    this.#shelf = typeof caches === "undefined" ? undefined : new Shelf(`delistening-${options.name ?? "downloads"}`);
    this.ready = this.#open();
    this.ready.catch(() => {});
    globalThis.addEventListener?.("online", () => void this.check().catch(() => {}), { signal: this.#closing.signal });
  }

  /** What is on the device and may be played, the oldest first. */
  list(): Download[] {
    return [...this.#all.values()].filter((download) => !this.#isExpired(download));
  }

  get(id: string): Download | undefined {
    const download = this.#all.get(id);
    return download && !this.#isExpired(download) ? download : undefined;
  }

  /** Bytes that all of it takes. */
  get bytes(): number {
    return [...this.#all.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Downloads a track with its artwork; one that is here already stays, with the new time of expiry. */
  async add(track: PlayerTrack, options: SaveOptions = {}): Promise<Download> {
    const running = this.#running.get(track.id);
    if (running) return running.done;
    const abort = new AbortController();
    options.signal?.addEventListener("abort", () => abort.abort(), { signal: abort.signal });
    if (options.signal?.aborted) abort.abort();
    const done = this.#add(track, options.expiresAt, abort.signal).finally(() => this.#running.delete(track.id));
    this.#running.set(track.id, { abort, done });
    return done;
  }

  /** Takes a track off the device, or stops its download. */
  async remove(id: string): Promise<void> {
    await this.#remove(id, "removed");
  }

  /** The host takes tracks back: they are gone, and one that plays ends. */
  async revoke(...ids: string[]): Promise<void> {
    for (const id of ids) await this.#remove(id, "revoked");
  }

  /** Takes away what has expired, and what the host says is revoked. */
  async check(): Promise<void> {
    await this.ready;
    await this.#tellTime();
    for (const download of [...this.#all.values()]) {
      if (this.#isExpired(download)) await this.#remove(download.id, "expired");
    }
    const { revoked } = this.#options;
    const ids = [...this.#all.keys()];
    if (!revoked || ids.length === 0 || globalThis.navigator?.onLine === false) return;
    // Only of what was asked about: an answer can take nothing else.
    const gone = new Set(await revoked(ids));
    await this.revoke(...ids.filter((id) => gone.has(id)));
  }

  /** Opens a track to be played; none where it is not here, or not any more. */
  async open(id: string): Promise<OpenDownload | undefined> {
    await this.ready;
    await this.#tellTime();
    const download = this.#all.get(id);
    if (!download || !this.#shelf) return undefined;
    if (this.#isExpired(download)) {
      await this.#remove(id, "expired");
      return undefined;
    }
    const [audio, picture] = [await this.#shelf.blob(id, "audio"), await this.#shelf.blob(id, "artwork")];
    // The browser, or the person, has emptied the storage.
    if (!audio) {
      await this.#remove(id, "removed");
      return undefined;
    }
    const [src, artwork] = [URL.createObjectURL(audio), picture && URL.createObjectURL(picture)];
    return {
      // The name says what kind of file it is, to whoever goes by names.
      src: `${src}#${fileName(download.track.src)}`,
      ...(artwork !== undefined && { artwork }),
      close() {
        URL.revokeObjectURL(src);
        if (artwork !== undefined) URL.revokeObjectURL(artwork);
      },
    };
  }

  /** Stops what runs; what is on the device stays there. */
  close(): void {
    this.#closing.abort();
    for (const { abort } of this.#running.values()) abort.abort();
  }

  async #open(): Promise<void> {
    if (!this.#shelf)
      throw new DownloadError("unsupported", "there is no Cache Storage here: the page must be on https");
    for (const download of await this.#shelf.open((id) => this.#running.has(id))) this.#all.set(download.id, download);
    // What is revoked is asked for apart: nothing that is played waits for a network.
    queueMicrotask(() => void this.check().catch(() => {}));
  }

  async #add(track: PlayerTrack, expiresAt: number | undefined, signal: AbortSignal): Promise<Download> {
    await this.ready;
    const shelf = this.#shelf;
    if (!shelf) throw new DownloadError("unsupported", "there is no Cache Storage here");
    const { id } = track;
    const here = this.get(id);
    let bytes = here?.bytes ?? 0;
    try {
      if (!here) {
        bytes = await this.#fetch(shelf, id, track.src, "audio", 0, signal);
        if (track.artwork !== undefined) bytes += await this.#fetch(shelf, id, track.artwork, "artwork", bytes, signal);
      }
      signal.throwIfAborted();
      const download: Download = {
        id,
        track: { ...track },
        bytes,
        storedAt: here?.storedAt ?? this.#now(),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      await shelf.record(download);
      // There is a network, and a host that says when it expires: a clock that once was wrong is forgotten.
      this.#seen = await shelf.reset(this.#now());
      this.#all.set(id, download);
      this.#dispatch("added", download);
      return download;
    } catch (thrown) {
      if (!here) await shelf.delete(id).catch(() => {});
      throw toError(thrown, signal);
    }
  }

  /** Fetches a part into the shelf; gives its length in bytes. `before`: those that were received for other parts. */
  async #fetch(shelf: Shelf, id: string, src: string, part: "audio" | "artwork", before: number, signal: AbortSignal) {
    const answer = await fetch(src, { signal });
    if (!answer.ok || !answer.body) {
      throw new DownloadError("network", `the ${part} was not found (${answer.status})`);
    }
    const length = Number(answer.headers.get("content-length")) || undefined;
    // The length of a coded answer is of the code.
    const said = answer.headers.has("content-encoding") ? undefined : length;
    try {
      await this.#makeRoom(id, before + (said ?? 0), said ?? 0);
    } catch (thrown) {
      void answer.body.cancel();
      throw thrown;
    }
    let received = 0;
    let refused: DownloadError | undefined;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        received += chunk.length;
        if (before + received > this.#most(id)) {
          refused = new DownloadError("quota", "downloads have reached their bound");
          throw refused;
        }
        this.#dispatch("progress", {
          id,
          receivedBytes: before + received,
          totalBytes: said === undefined ? undefined : before + said,
        });
        controller.enqueue(chunk);
      },
    });
    const type = answer.headers.get("content-type") ?? "";
    const body = new Response(answer.body.pipeThrough(counted), { headers: { "content-type": type } });
    // Browsers have their own words for a body that breaks off.
    await shelf.put(id, part, body).catch((thrown: unknown) => {
      throw refused ?? thrown;
    });
    // A connection that ended early is told of by some browsers, and looks like an end in others.
    if (said !== undefined && received !== said) throw new DownloadError("network", `the ${part} was cut off`);
    return received;
  }

  /** The bytes that a download may take. */
  #most(id: string): number {
    const others = this.bytes - (this.#all.get(id)?.bytes ?? 0);
    return (this.#options.maxBytes ?? Number.POSITIVE_INFINITY) - others;
  }

  /** Refuses at once what will not fit. */
  async #makeRoom(id: string, all: number, more: number): Promise<void> {
    if (all > this.#most(id)) throw new DownloadError("quota", "downloads would be more than their bound");
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    if (quota !== undefined && usage !== undefined && usage + more > quota) {
      throw new DownloadError("quota", "the browser has no room for it");
    }
  }

  async #remove(id: string, reason: DownloadsEvents["removed"]["reason"]): Promise<void> {
    await this.ready;
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.done.catch(() => {});
    const wasHere = this.#all.delete(id);
    await this.#shelf?.delete(id);
    if (wasHere) this.#dispatch("removed", { id, reason });
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  async #tellTime(): Promise<void> {
    this.#seen = Math.max(this.#seen, (await this.#shelf?.seen(this.#now())) ?? 0);
  }

  #isExpired({ expiresAt }: Download): boolean {
    return expiresAt !== undefined && Math.max(this.#now(), this.#seen) >= expiresAt;
  }

  #dispatch<K extends keyof DownloadsEvents & string>(type: K, detail: DownloadsEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function toError(thrown: unknown, signal: AbortSignal): DownloadError {
  if (thrown instanceof DownloadError) return thrown;
  if (signal.aborted) return new DownloadError("aborted", "the download was cancelled");
  const isFull = thrown instanceof DOMException && thrown.name === "QuotaExceededError";
  if (isFull) return new DownloadError("quota", "the browser has no room for it");
  return new DownloadError("network", "the track could not be fetched");
}

function fileName(src: string): string {
  return encodeURIComponent(new URL(src, document.baseURI).pathname.split("/").at(-1) ?? "");
}
