// Stands in for the host until its code is there: a page that plays nothing does not load it.

import { Backlog } from "./backlog.js";
import { TelemetryError, textOf } from "./errors.js";
import type { Host, Sink } from "./host.js";
import type { Input } from "./inputs.js";
import type { TelemetryOptions } from "./options.js";
import { loadWasm } from "./wasm.js";

export class LazyHost {
  /** The host, once it is loaded. */
  loaded: Host | undefined;
  readonly #options: TelemetryOptions;
  readonly #sink: Sink;
  readonly #backlog = new Backlog();
  #loading: Promise<Host> | undefined;
  #left = false;

  constructor(options: TelemetryOptions, sink: Sink) {
    this.#options = options;
    this.#sink = sink;
  }

  async start(): Promise<void> {
    // Its own failure is told by the host, which waits for the same.
    loadWasm().catch(() => {});
    await (await this.load()).start();
  }

  feed(input: Input): void {
    if (this.loaded) this.loaded.feed(input);
    else if (!this.#left) this.#backlog.push(input, this.#sink.overflowed);
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
      ({ Host, readOptions }) => {
        const settings = readOptions(this.#options, document.baseURI);
        if (typeof settings === "string") throw TelemetryError.of("invalid-argument", settings, "stop");
        this.loaded = new Host(settings, this.#sink, loadWasm, this.#backlog);
        if (this.#left) this.loaded.leave();
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
