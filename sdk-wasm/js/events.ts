// The events that telemetry dispatches, with their types.

import type { Consent } from "./consent.js";
import type { KeyKeeper } from "./device-key.js";
import type { TelemetryError } from "./errors.js";
import type { Acked, Dropped, Receipt, Sealed, SessionVerdict } from "./outputs.js";
import type { Event as PlaybackEvent } from "./schema.js";

export type { Acked, Dropped, Receipt, Sealed, SessionVerdict };

/** What is stored, sent and acknowledged. */
export interface TelemetryStatus {
  /** Events recorded that are in no batch yet. */
  readonly events: number;
  /** Batches sealed that no verified receipt covers yet. */
  readonly batches: number;
  /** Batches acknowledged since this page began. */
  readonly acked: number;
  /** Whether this tab seals and sends. */
  readonly leader: boolean;
  /** Where records are kept; `memory` lasts only as long as the page. */
  readonly storage: "indexeddb" | "memory";
  readonly online: boolean;
  /** Who keeps the device's private key: the browser, where it can, or the module. Known with the device. */
  readonly key: KeyKeeper | undefined;
  readonly consent: Consent;
}

/** Event types and what their `detail` is. */
export interface TelemetryEvents {
  /** A playback event was recorded. */
  event: CustomEvent<PlaybackEvent>;
  /** A session is over, and this is what it is worth. */
  verdict: CustomEvent<SessionVerdict>;
  batch: CustomEvent<Sealed>;
  ack: CustomEvent<Acked>;
  receipt: CustomEvent<Receipt>;
  dropped: CustomEvent<Dropped>;
  error: CustomEvent<TelemetryError>;
  status: CustomEvent<TelemetryStatus>;
}

/** An event target whose listeners know their event. */
export interface TelemetryEventTarget extends EventTarget {
  addEventListener<K extends keyof TelemetryEvents>(
    type: K,
    listener: ((event: TelemetryEvents[K]) => void) | { handleEvent(event: TelemetryEvents[K]): void } | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof TelemetryEvents>(
    type: K,
    listener: ((event: TelemetryEvents[K]) => void) | { handleEvent(event: TelemetryEvents[K]): void } | null,
    options?: EventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

/** `EventTarget` with those types. */
export const TypedEventTarget = EventTarget as new () => TelemetryEventTarget;
