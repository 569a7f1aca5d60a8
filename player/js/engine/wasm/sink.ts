// Where the worker puts decoded sound: a ring in shared memory where pages may share it, chunks that are handed over
// elsewhere. Both hold a bounded time of sound; who writes waits for room.

import { CHANNELS, type Feed, type Rendered, RING_HEADER } from "./messages.js";

/** Sound that is decoded ahead, in seconds: longer than a worker is ever kept from running. */
const AHEAD_S = 2;

/** Shared memory for a ring at a sample rate; none where it cannot be had. */
export function makeRing(rate: number): SharedArrayBuffer | undefined {
  if (typeof SharedArrayBuffer === "undefined" || !globalThis.crossOriginIsolated) return undefined;
  return new SharedArrayBuffer((RING_HEADER + CHANNELS * Math.ceil(rate * AHEAD_S)) * 4);
}

export class Sink {
  readonly rate: number;
  /** Frames that were written, or left out. */
  written = 0;
  readonly #port: MessagePort;
  readonly #counts: Int32Array | undefined;
  readonly #samples: Float32Array | undefined;
  readonly #ahead: number;
  #read = 0;
  #woken: () => void = () => {};

  constructor(port: MessagePort, rate: number, ring: SharedArrayBuffer | undefined) {
    this.#port = port;
    this.rate = rate;
    this.#ahead = Math.ceil(rate * AHEAD_S);
    if (ring) {
      this.#counts = new Int32Array(ring, 0, RING_HEADER);
      this.#samples = new Float32Array(ring, RING_HEADER * 4);
    }
    port.onmessage = ({ data }: MessageEvent<Rendered>) => {
      this.#read = data.at;
      this.#woken();
    };
  }

  /** Frames that can be written now. */
  get room(): number {
    return this.#ahead - this.held;
  }

  /** Frames that were written and are not yet sounded. */
  get held(): number {
    return this.written - this.#read;
  }

  /** Resolves when there may be more room, or `wake` was called. */
  async change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#woken = resolve;
    });
  }

  wake(): void {
    this.#woken();
  }

  /** Writes at most `room` frames. */
  write(planes: readonly Float32Array<ArrayBuffer>[]): void {
    const frames = planes[0]?.length ?? 0;
    if (this.#samples && this.#counts) {
      const size = this.#samples.length / CHANNELS;
      for (const [channel, plane] of planes.entries()) {
        for (let done = 0; done < frames; ) {
          const place = (this.written + done) % size;
          const count = Math.min(frames - done, size - place);
          this.#samples.set(plane.subarray(done, done + count), channel * size + place);
          done += count;
        }
      }
      Atomics.store(this.#counts, 1, (this.written + frames) | 0);
    } else {
      const feed: Feed = { type: "chunk", at: this.written, planes };
      this.#port.postMessage(
        feed,
        planes.map((plane) => plane.buffer),
      );
    }
    this.written += frames;
  }

  /** Leaves out all that was written and is not yet sounded. */
  flush(): void {
    this.#read = this.written;
    this.#send({ type: "flush", at: this.written });
  }

  /** Says that nothing follows; or, after that, that something does. */
  end(isEnd: boolean): void {
    this.#send({ type: "end", at: isEnd ? this.written : undefined });
  }

  #send(feed: Feed): void {
    this.#port.postMessage(feed);
  }
}
