// What a host sets, checked once.

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
  /** Length; learned from the media element otherwise. */
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
  /** When a batch is sealed: 100 events, 48 KiB, or 30 s after its first event by default. */
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
  readonly batch: { readonly maxEvents?: number; readonly maxBytes?: number; readonly maxAgeMs?: number };
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
  const { listener, namespace = "delistening", logKeys = [], auditEveryMs, batch = {} } = options;
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
  for (const [name, value] of Object.entries(batch)) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      return `batch.${name} must be a whole number above 0`;
  }
  return { endpoint, token: options.token, listener, logKeys, auditEveryMs, namespace, batch };
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
