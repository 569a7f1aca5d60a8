// Sends, in a service worker, what pages have left behind on this device. The service worker is one more tab: it
// leads only when no page does, so that nothing is sent twice or out of order.

import { TelemetryError, textOf } from "./errors.js";
import { Host } from "./host.js";
import { readOptions, type Settings, type TelemetryOptions } from "./options.js";
import type { Sink } from "./sink.js";
import { holdsUnsent } from "./storage/indexeddb.js";
import init, { Core, SeedKey } from "./wasm/delistening_sdk_wasm.js";
import type { Wasm } from "./wasm.js";

/** What the service worker needs to know; as in the pages' telemetry. */
export interface ResendOptions extends Pick<TelemetryOptions, "endpoint" | "token" | "logKeys" | "namespace"> {
  /**
   * Where the module lies, seen from the service worker's script; beside this package's own files otherwise. Needed in a
   * service worker that is bundled into a classic script.
   */
  module?: string | URL;
  /** Told of what goes wrong. */
  onError?: (error: TelemetryError) => void;
}

/** An event of a service worker whose work may take a while; `tag` where it is one of Background Sync. */
interface WorkerEvent extends Event {
  readonly tag?: string;
  readonly request?: Request;
  waitUntil(work: Promise<unknown>): void;
}

/** The little of `ServiceWorkerGlobalScope` that is used: the declarations of pages do not have it. */
interface Scope {
  readonly registration: object;
  readonly location: { readonly href: string };
  addEventListener(type: "sync" | "fetch", listener: (event: WorkerEvent) => void): void;
}

/**
 * Call it at the top of your service worker. With Background Sync it sends when the browser says that there is a network,
 * with no page open; pages ask for that by `syncInBackground`. Where there is none, it sends when a page of the site is
 * next visited, be it one without telemetry. It answers no request. Options that cannot be used throw.
 */
export function resendInBackground(options: ResendOptions): void {
  const scope = globalThis as unknown as Scope;
  const settings = readOptions({ ...options, consent: "granted" }, scope.location.href);
  if (typeof settings === "string") throw TelemetryError.of("invalid-argument", settings, "stop");
  const resend = once(() => resendAll(settings, options));
  if ("sync" in scope.registration) {
    scope.addEventListener("sync", (event) => {
      if (event.tag === settings.namespace) event.waitUntil(resend());
    });
  } else {
    scope.addEventListener("fetch", (event) => {
      if (event.request?.mode === "navigate") event.waitUntil(resend().catch(() => {}));
    });
  }
}

/** Rejects if something is left: the browser tries again then. */
async function resendAll(settings: Settings, { module, onError }: ResendOptions): Promise<void> {
  // Most often there is nothing: then nothing is loaded, and no key is made.
  if (!(await holdsUnsent(settings.namespace))) return;
  const report = (error: TelemetryError) => {
    try {
      onError?.(error);
    } catch {
      // What the host does with it is its own affair.
    }
  };
  const sink: Sink = {
    tell() {},
    error: report,
    overflowed() {},
    changed() {},
    forgotten() {},
    trace() {},
  };
  const host = new Host(settings, sink, () => instantiate(module));
  try {
    await host.start();
    await host.flush();
    // Where a page leads, sending is that page's affair.
    const { events, batches } = host.status();
    if (host.leads && events + batches > 0)
      throw new Error(`${events} events and ${batches} batches are still to send`);
  } catch (thrown) {
    if (thrown instanceof TelemetryError) report(thrown);
    throw thrown;
  } finally {
    host.leave();
  }
}

/** Service workers may not import while they run, so the bindings are part of the script; the module is fetched. */
async function instantiate(module: string | URL | undefined): Promise<Wasm> {
  const place = module ?? new URL("./wasm/delistening_sdk_wasm_bg.wasm", import.meta.url);
  try {
    await init({ module_or_path: place });
  } catch (thrown) {
    throw new Error(`the module at ${place} cannot be had: ${textOf(thrown)}`, { cause: thrown });
  }
  return { Core, SeedKey };
}

/** A call while the work goes on waits for the same work. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}
