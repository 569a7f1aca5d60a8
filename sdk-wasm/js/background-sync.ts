// The page's part of sending in the background: asks the browser to wake the service worker when there is a network.
// What the service worker then does stands in service-worker.ts.

import type { Telemetry } from "./telemetry.js";

/** Background Sync, which TypeScript's own declarations do not have. */
interface SyncManager {
  register(tag: string): Promise<void>;
}

/** How the two parts find each other. */
export interface BackgroundSyncOptions {
  /** The registration whose service worker sends; the one that controls this page otherwise. */
  registration?: ServiceWorkerRegistration;
  /** As in the options of `telemetry`, `delistening` by default. */
  namespace?: string;
}

/**
 * Has the service worker send what this page leaves behind, also when no page of the site is open any more. Does nothing
 * where the browser has no Background Sync: there the next visit sends. Gives what ends it. Never throws.
 */
export function syncInBackground(telemetry: Telemetry, options: BackgroundSyncOptions = {}): () => void {
  const { serviceWorker } = globalThis.navigator ?? {};
  if (!serviceWorker) return () => {};
  const { registration = serviceWorker.ready, namespace = "delistening" } = options;
  const stop = new AbortController();
  const { signal } = stop;
  let asked = false;
  const ask = async () => {
    const { events, batches } = telemetry.status();
    if (asked || events + batches === 0) return;
    // While there is no network, one request is enough.
    asked = !navigator.onLine;
    const { sync } = (await registration) as { sync?: SyncManager };
    // The listener may have forbidden it; then the next visit sends.
    await sync?.register(namespace).catch(() => {});
  };
  const whenHidden = () => {
    if (document.visibilityState === "hidden") void ask();
  };
  const whenOffline = () => {
    if (!navigator.onLine) void ask();
  };
  document.addEventListener("visibilitychange", whenHidden, { signal });
  window.addEventListener("pagehide", () => void ask(), { signal });
  window.addEventListener("offline", whenOffline, { signal });
  window.addEventListener(
    "online",
    () => {
      asked = false;
    },
    { signal },
  );
  telemetry.addEventListener("status", whenOffline, { signal });
  return () => stop.abort();
}
