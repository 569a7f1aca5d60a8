// What a host sets, checked once.

import { type Consent, defaultConsent, isConsent } from "./consent.js";
import type { KeyKeeper } from "./device-key.js";
import type { TelemetryError } from "./errors.js";

/** What is played. Only `id` is needed. */
export interface Track {
  /** The platform's identifier of the track. */
  id: string;
  /** The platform's identifier of the artist. */
  artist?: string;
  /** The platform's identifier of the release. */
  release?: string;
  /** For people; never sent. */
  title?: string;
  /** Length, infinite where there is none (a broadcast); learned from the media element otherwise. */
  durationMs?: number;
  /** What led to the play: album, playlist, search, radio, embed … */
  source?: string;
  /** Whether the media comes from the device's own storage. */
  offline?: boolean;
}

/** How telemetry is set up. */
export interface TelemetryOptions {
  /** Base URL of the ingest server. */
  endpoint: string | URL;
  /** Asks the platform's backend for an access token bound to this device. */
  token: (request: { device: string; listener?: string }) => Promise<string> | string;
  /** Pseudonymous id of the listener; learned from the token otherwise. */
  listener?: string;
  /** Pinned log verifier keys; otherwise the first that is seen is trusted from then on. */
  logKeys?: string[];
  /**
   * How often this device asks the server's log by itself for what proves that it only grew: once a day by default;
   * 0: only where an answer leaves a doubt. Milliseconds.
   */
  auditEveryMs?: number;
  /** Name of the IndexedDB database, `delistening` by default. Tabs with the same name work together. */
  namespace?: string;
  /**
   * What the listener agreed to; see {@link Consent}. Without it, plays are recorded unless the browser sends Global
   * Privacy Control. Change it later with `telemetry.setConsent()`.
   */
  consent?: Consent;
  /** What to do while consent is `unknown`: `hold` what happens in memory until it is granted (default), or `drop` it. */
  whileUnknown?: "hold" | "drop";
  /**
   * Who keeps the private key of a new device: the browser, so that no script can read it, where it has Ed25519
   * (`webcrypto`, the default); or the module, which signs at once also while a page is being left (`module`).
   */
  key?: KeyKeeper;
  /**
   * How much may wait on the device: 500 000 events, 256 MiB, and for ever by default. Beyond that the oldest are
   * given up: told in a `dropped` event, and to the server in the next batch.
   */
  queue?: { maxEvents?: number; maxBytes?: number; maxAgeMs?: number };
  /** When a batch is sealed: 100 events, 32 KiB, or 30 s after its first event by default. */
  batch?: { maxEvents?: number; maxBytes?: number; maxAgeMs?: number };
  /** Told of everything that goes wrong. */
  onError?: (error: TelemetryError) => void;
  /** Writes a readable trace to the console. */
  debug?: boolean;
}

/** Options that can be used. */
export interface Settings {
  readonly endpoint: URL;
  readonly token: TelemetryOptions["token"];
  readonly listener: string | undefined;
  readonly logKeys: readonly string[];
  readonly auditEveryMs: number | undefined;
  readonly namespace: string;
  readonly batch: Bounds;
  readonly queue: Bounds;
  readonly key: KeyKeeper;
  readonly consent: Consent;
  readonly whileUnknown: "hold" | "drop";
}

interface Bounds {
  readonly maxEvents?: number;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

/** The settings, or a sentence about the option that cannot be used. */
export function readOptions(options: TelemetryOptions, base: string): Settings | string {
  let endpoint: URL;
  try {
    endpoint = new URL(options.endpoint, base);
  } catch {
    return `endpoint is not a URL: ${String(options.endpoint)}`;
  }
  if (!/^https?:$/.test(endpoint.protocol)) return "endpoint must begin with http: or https:";
  if (typeof options.token !== "function") return "token must be a function that gives an access token";
  const { listener, namespace = "delistening", logKeys = [], batch = {}, queue = {}, key = "webcrypto" } = options;
  const { auditEveryMs, consent = defaultConsent(), whileUnknown = "hold" } = options;
  if (!isConsent(consent)) return "consent must be granted, denied or unknown";
  if (whileUnknown !== "hold" && whileUnknown !== "drop") return "whileUnknown must be hold or drop";
  if (key !== "webcrypto" && key !== "module") return "key must be webcrypto or module";
  if (listener !== undefined && (typeof listener !== "string" || listener === "")) {
    return "listener must be a text that is not empty";
  }
  if (typeof namespace !== "string" || namespace === "") return "namespace must be a text that is not empty";
  if (!Array.isArray(logKeys) || !logKeys.every((key) => typeof key === "string")) {
    return "logKeys must be a list of texts";
  }
  if (auditEveryMs !== undefined && !(Number.isInteger(auditEveryMs) && auditEveryMs >= 0)) {
    return "auditEveryMs must be a whole number, 0 or above";
  }
  for (const [group, bounds] of Object.entries({ batch, queue })) {
    for (const [name, value] of Object.entries(bounds)) {
      if (value !== undefined && !(Number.isInteger(value) && value > 0))
        return `${group}.${name} must be a whole number above 0`;
    }
  }
  const { token } = options;
  const kept = { logKeys, auditEveryMs, namespace, batch, queue, key };
  return { endpoint, token, listener, consent, whileUnknown, ...kept };
}

/** The track as the core reads it, or a sentence about what is wrong with it. */
export function readTrack(track: Track): Record<string, unknown> | string {
  if (typeof track !== "object" || track === null) return "the track must be an object with an id";
  const { id, artist, release, durationMs, source, offline } = track;
  if (typeof id !== "string" || id === "") return "track.id must be a text that is not empty";
  for (const [name, value] of Object.entries({ artist, release, source })) {
    if (value !== undefined && typeof value !== "string") return `track.${name} must be a text`;
  }
  const known = typeof durationMs === "number" && durationMs > 0 && Number.isFinite(durationMs);
  return {
    id,
    artist,
    release,
    source,
    offline: Boolean(offline),
    duration_ms: known ? Math.round(durationMs) : undefined,
  };
}
