// Where a host reports to.

import type { TelemetryError } from "./errors.js";
import type { TelemetryEvents } from "./events.js";

/** The events of telemetry that the core causes. */
export type Told = "event" | "verdict" | "batch" | "ack" | "receipt" | "dropped";

/** Where a host reports to. None of these may throw. */
export interface Sink {
  tell<K extends Told>(type: K, detail: TelemetryEvents[K]["detail"]): void;
  error(error: TelemetryError): void;
  /** More has happened than is kept. */
  overflowed(): void;
  /** What `status` tells has changed. */
  changed(): void;
  /** Another tab erases everything: this host has left. */
  forgotten(): void;
  trace(what: string, about?: unknown): void;
}
