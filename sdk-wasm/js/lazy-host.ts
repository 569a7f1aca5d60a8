// Stands in for the host until its code is there: a page that plays nothing does not load it.

import type { MediaAttachment } from "./attach.js";
import { Backlog, type Now, now } from "./backlog.js";
import { TelemetryError, textOf } from "./errors.js";
import type { Host } from "./host.js";
import type { Input } from "./inputs.js";
import type { TelemetryOptions } from "./options.js";
import type { Sink } from "./sink.js";
import { loadWasm } from "./wasm.js";

export class LazyHost {
  /** The host, once it is loaded. */
  loaded: Host | undefined;
  readonly #options: TelemetryOptions;
  readonly #sink: Sink;
  readonly #watch: (Watching: typeof MediaAttachment) => void;
  readonly #backlog = new Backlog();
  #loading: Promise<Host> | undefined;
  #left = false;

  /** `watch` is told of what watches media elements, once it is loaded. */
  constructor(options: TelemetryOptions, sink: Sink, watch: (Watching: typeof MediaAttachment) => void) {
    this.#options = options;
    this.#sink = sink;
    this.#watch = watch;
  }

  async start(): Promise<void> {
    // Its own failure is told by the host, which waits for the same.
    loadWasm().catch(() => {});
    await (await this.load()).start();
  }

  feed(input: Input, at?: Now): void {
    if (this.loaded) this.loaded.feed(input, at);
    else if (!this.#left) this.#backlog.push(input, at ?? now(), this.#sink.overflowed);
  }

  leave(): void {
    this.#left = true;
    this.#backlog.clear();
    this.loaded?.leave();
  }

  /** Erases all that this device holds. */
  async forget(): Promise<void> {
    await (await this.load()).forget();
  }

  /** The host; rejects if it cannot be had, or if the options cannot be used. */
  load(): Promise<Host> {
    this.#loading ??= import("./host.js").then(
      ({ Host, MediaAttachment, readOptions }) => {
        const settings = readOptions(this.#options, document.baseURI);
        if (typeof settings === "string") throw TelemetryError.of("invalid-argument", settings, "stop");
        this.loaded = new Host(settings, this.#sink, loadWasm, this.#backlog);
        if (this.#left) this.loaded.leave();
        this.#watch(MediaAttachment);
        return this.loaded;
      },
      (thrown: unknown) => {
        this.#loading = undefined;
        const why = `the telemetry module is not available: ${textOf(thrown)}`;
        throw TelemetryError.of("core-unavailable", why, "retry", thrown);
      },
    );
    return this.#loading;
  }
}
