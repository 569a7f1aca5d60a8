// What can go wrong, as the host sees it: one class, a stable code, and what to do.

import type { Action } from "./schema.js";

/**
 * Codes that come from this device. Those that come from the server are the problem codes of the schema
 * (`bad-token`, also for a `token` callback that fails, `sequence-fork`, …); both kinds reach the host in
 * {@link TelemetryError.code}.
 */
export type SdkCode =
  /** There is no page here (a server that renders); telemetry does nothing. */
  | "unsupported-environment"
  /** The WASM module could not be fetched or compiled. Events wait in memory; it is tried again. */
  | "core-unavailable"
  /** The core stopped on a defect of ours. Nothing more is recorded until the page is loaded again. */
  | "core-failed"
  /** Nothing can be stored at the moment; events are kept in memory, and lost with the page if that lasts. */
  | "storage-unavailable"
  /** A stored record cannot be read; it was given up, and the server is told. */
  | "record-corrupted"
  /** The device's key was lost. What it sealed is still sent; from then on this is a new device. */
  | "key-lost"
  /** The stored end of the device's chain cannot be read. Sending stopped; everything is kept. */
  | "state-corrupted"
  /** A method was called with something it cannot use; the call did nothing. */
  | "invalid-argument"
  /** The media element plays another source than the one whose track was given; it is not measured. */
  | "unknown-track"
  /** Too much happened before the core was there; later signals were given up. */
  | "backlog-full"
  /** One of `logKeys` cannot be read. Nothing is sent. */
  | "bad-log-key"
  /** The device's key could not sign; it is tried again. */
  | "signing-failed"
  /** The device's key does not sign as its public half says. Nothing is sent. */
  | "wrong-key"
  /** Something answered that is no ingest server; it is tried again. */
  | "malformed-answer"
  /** A receipt does not prove what it should. Sending stopped; everything is kept. */
  | "receipt-invalid"
  /**
   * The server's log was rewritten, and `evidence` proves it. Sending stopped, everything is kept, and this is said
   * again at every start until `acknowledgeAlarm`.
   */
  | "log-inconsistent"
  /** The server's log is signed by a key that is not believed. Sending stopped; everything is kept. */
  | "log-key-changed"
  /** The server's log does not show at the moment that it only grew. What lacks the proof is kept; it is asked again. */
  | "log-unproved";

/** Something failed. Playback is never disturbed by it. */
export class TelemetryError extends Error {
  override readonly name = "TelemetryError";
  /** Stable, for programs: an {@link SdkCode} or a problem code of the schema. */
  readonly code: string;
  /** What happens next: tried again, asked for a new token, given up, or stopped until a person looks. */
  readonly action: Action;

  constructor(code: string, message: string, action: Action, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.action = action;
  }

  /** An error of this package. */
  static of(code: SdkCode, message: string, action: Action, cause?: unknown): TelemetryError {
    return new TelemetryError(code, message, action, cause);
  }
}

/** What anything that was thrown says. */
export function textOf(thrown: unknown): string {
  // Some of the browser's own have a name only (QuotaExceededError).
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
