// The way of sound to the sink: through the limiter, where it may have become louder than it was.

import { Limiter } from "./limiter.js";
import type { Sink } from "./sink.js";

export class Bus {
  readonly #sink: Sink;
  readonly #limiter: Limiter;
  /** Whether sound is limited: without need it is left as it was decoded. */
  limited = false;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#limiter = new Limiter(sink.rate);
  }

  get rate(): number {
    return this.#sink.rate;
  }

  /** The place in the output of what is written next. */
  get at(): number {
    return this.#sink.written + this.#limiter.held;
  }

  /** Frames that can be written now. */
  get room(): number {
    return this.#sink.room - this.#limiter.held;
  }

  /** Frames that can be sounded before there is a need of more. */
  get held(): number {
    return this.#sink.held;
  }

  /** Resolves when there may be more room, or `wake` was called. */
  change(): Promise<void> {
    return this.#sink.change();
  }

  wake(): void {
    this.#sink.wake();
  }

  /** Writes at most `room` frames of two channels. */
  write([left, right]: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>]): void {
    this.#sink.write(this.limited ? this.#limiter.process([left, right]) : [left, right]);
  }

  /** Leaves out all that was written and is not yet sounded. */
  flush(): void {
    this.#limiter.reset();
    this.#sink.flush();
  }

  /** Says that nothing follows; or, after that, that something does. */
  end(isEnd: boolean): void {
    if (isEnd && this.#limiter.held > 0) this.#sink.write(this.#limiter.drain());
    this.#sink.end(isEnd);
  }
}
