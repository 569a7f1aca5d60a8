// What happens before the core is there waits here, in order and with its time.

import type { Input } from "./inputs.js";

/** When something happened: the wall clock, and the page's monotonic clock, in milliseconds. */
export interface Now {
  readonly wall: number;
  readonly mono: number;
}

// More than an hour of signals: whoever waits longer for the module has no use for them.
const MOST = 20_000;

export class Backlog {
  #entries: { readonly input: Input; readonly now: Now }[] = [];
  #overflowed = false;

  /** Keeps what happens at `at`; `overflowed` is called once if that is too much. */
  push(input: Input, at: Now, overflowed: () => void): void {
    if (this.#entries.length < MOST) {
      this.#entries.push({ input, now: at });
    } else if (!this.#overflowed) {
      this.#overflowed = true;
      overflowed();
    }
  }

  shift(): { readonly input: Input; readonly now: Now } | undefined {
    return this.#entries.shift();
  }

  clear(): void {
    this.#entries = [];
  }
}

export function now(): Now {
  return { wall: Date.now(), mono: performance.now() };
}
