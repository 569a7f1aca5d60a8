// The bytes of a file over HTTP, read ahead within bounds, from any place on, through lost networks and addresses that
// expire.

import type { PlayerErrorCode } from "../../errors.js";

/** Bytes that are read ahead of what is decoded. */
const AHEAD = 2 << 20;
/** A gap is read through rather than asked for anew up to this many bytes. */
const SKIP = 128 << 10;
/** Failures in a row, each after a longer pause, until it is given up: some minutes. */
const MOST_FAILURES = 12;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 15_000;
const EXPIRED = new Set([401, 403, 410]);

/** The file cannot be had. */
export class SourceError extends Error {
  readonly code: PlayerErrorCode;

  constructor(code: PlayerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Asks the host for a fresh address; gives none where there is none. */
export type Renew = (status: number) => Promise<string | undefined>;

export class Source {
  /** The length of the file in bytes, once known. */
  length: number | undefined;
  #src: string;
  readonly #renew: Renew;
  /** What was received and not yet given; it begins at byte `#at`. */
  #chunks: Uint8Array[] = [];
  #at = 0;
  #held = 0;
  #ended = false;
  #failed: SourceError | undefined;
  #fetching: AbortController | undefined;
  /** Whether the server gives parts. */
  #ranges = true;
  #changed: () => void = () => {};
  #closed = false;

  constructor(src: string, renew: Renew) {
    this.#src = src;
    this.#renew = renew;
  }

  /** The byte up to which the file is here. */
  get end(): number {
    return this.#at + this.#held;
  }

  /** Some bytes from `at` on; none at the end of the file. */
  async read(at: number, signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#failed) throw this.#failed;
      this.#skipTo(at);
      if (this.length !== undefined && at >= this.length) return new Uint8Array();
      if (at !== this.#at || !this.#fetching) {
        // Far from what is being received.
        const isNear = this.#fetching !== undefined && at >= this.end && at - this.end <= SKIP && !this.#ended;
        if (!isNear) this.#start(at);
      } else {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#at += chunk.length;
          this.#held -= chunk.length;
          this.#changed();
          return chunk;
        }
        if (this.#ended) return new Uint8Array();
      }
      await this.#change(signal);
    }
  }

  /** The last `count` bytes of the file, by a request of its own; none where the server does not give parts. */
  async tail(count: number): Promise<Uint8Array | undefined> {
    if (this.length === undefined || !this.#ranges) return undefined;
    const answer = await fetch(this.#src, { headers: { range: `bytes=${Math.max(0, this.length - count)}-` } });
    return answer.status === 206 ? new Uint8Array(await answer.arrayBuffer()) : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#fetching?.abort();
    this.#chunks = [];
    this.#failed = new SourceError("network", "the track was let go");
    this.#changed();
  }

  /** Lets go of what lies before `at`. */
  #skipTo(at: number): void {
    if (!this.#chunks[0] || at <= this.#at) return;
    for (let [chunk] = this.#chunks; chunk && at > this.#at; [chunk] = this.#chunks) {
      const skip = Math.min(at - this.#at, chunk.length);
      this.#at += skip;
      this.#held -= skip;
      if (skip === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(skip);
    }
    this.#changed();
  }

  #start(at: number): void {
    this.#fetching?.abort();
    this.#chunks = [];
    this.#held = 0;
    this.#at = at;
    this.#ended = false;
    const fetching = new AbortController();
    this.#fetching = fetching;
    void this.#receive(fetching.signal).catch((thrown: unknown) => {
      if (fetching.signal.aborted) return;
      this.#failed =
        thrown instanceof SourceError ? thrown : new SourceError("network", "the audio could not be fetched");
      this.#changed();
    });
  }

  /** Receives up to the end of the file, over as many requests as that takes. */
  async #receive(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let renewed = false;
    while (!this.#ended) {
      const from = this.end;
      try {
        const answer = await this.#request(from, signal);
        if (EXPIRED.has(answer.status) && !renewed) {
          renewed = true;
          const src = await this.#renew(answer.status);
          if (src === undefined) throw new SourceError("network", `the audio was refused (${answer.status})`);
          this.#src = src;
          continue;
        }
        await this.#take(answer, from, signal);
        renewed = false;
      } catch (thrown) {
        if (signal.aborted || thrown instanceof SourceError) throw thrown;
        const isFurther = this.end > from;
        if (isFurther) renewed = false;
        failures = isFurther ? 1 : failures + 1;
        if (failures > MOST_FAILURES) throw thrown;
        await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  #request(from: number, signal: AbortSignal): Promise<Response> {
    const headers: HeadersInit = from > 0 ? { range: `bytes=${from}-` } : {};
    return fetch(this.#src, { headers, signal });
  }

  async #take(answer: Response, from: number, signal: AbortSignal): Promise<void> {
    if (answer.status === 416) {
      // Nothing from there on.
      this.length ??= from;
      this.#finish();
      return;
    }
    if (answer.status >= 500 || answer.status === 429) throw new Error(`the server answered ${answer.status}`);
    if (!answer.ok) throw new SourceError("network", `the audio was not found (${answer.status})`);
    const isPart = answer.status === 206;
    if (from > 0 && !isPart) this.#ranges = false;
    this.#learnLength(answer, isPart);
    const reader = answer.body?.getReader();
    // A server that gives the whole file from its begin: what is here already is read through.
    let skip = isPart ? 0 : from;
    while (reader) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) break;
      const rest = value.subarray(Math.min(skip, value.length));
      skip -= value.length - rest.length;
      if (rest.length === 0) continue;
      this.#chunks.push(rest);
      this.#held += rest.length;
      this.#changed();
      while (this.#held > AHEAD && !signal.aborted) await this.#change();
    }
    if (this.length !== undefined && this.end < this.length) throw new Error("the connection ended early");
    this.length ??= this.end;
    this.#finish();
  }

  #learnLength(answer: Response, isPart: boolean): void {
    const range = /\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
    // With a coding of the content, its length is of the coded bytes.
    const whole = answer.headers.has("content-encoding") ? null : answer.headers.get("content-length");
    const text = isPart ? range : whole;
    if (!text) return;
    const length = Number(text);
    if (this.length !== undefined && this.length !== length) {
      throw new SourceError("network", "the audio changed while it was played");
    }
    this.length = length;
  }

  #finish(): void {
    this.#ended = true;
    this.#changed();
  }

  readonly #waiting: (() => void)[] = [];

  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      this.#changed = () => {
        for (const wake of this.#waiting.splice(0)) wake();
      };
      if (this.#closed) this.#changed();
    });
  }
}

/** A pause that ends early when the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    globalThis.addEventListener?.("online", done);
    signal.addEventListener("abort", done);
  });
}
