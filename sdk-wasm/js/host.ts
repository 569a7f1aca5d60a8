// Runs the core in a page: feeds it what happens, with the time it happened, and does what it asks for.
// One host lives from the page's start (or its return from the back/forward cache) until the page is left.

import { Backlog, type Now, now } from "./backlog.js";
import { type DeviceKey, newKey, newSeed, openKey, type StoredKey } from "./device-key.js";
import { TelemetryError, textOf } from "./errors.js";
import type { TelemetryStatus } from "./events.js";
import { Executor } from "./executor.js";
import type { Input } from "./inputs.js";
import { alone, join, type LeaderHandlers, type Membership } from "./leader.js";
import type { Settings } from "./options.js";
import type { Output } from "./outputs.js";
import { enter, whenNobodyIsIn } from "./presence.js";
import { readInput } from "./signals.js";
import type { Sink } from "./sink.js";
import { eraseIndexedDb, openIndexedDb } from "./storage/indexeddb.js";
import { MemoryStorage } from "./storage/memory.js";
import type { Storage, StoredRecord } from "./storage/storage.js";
import { httpTransport } from "./transport.js";
import type { Core, Taken, Wasm } from "./wasm.js";

// With the host, so that a page need not download them before.
export { MediaAttachment } from "./attach.js";
export { readOptions } from "./options.js";

/** What the host knows of the telemetry's status. */
export type HostStatus = Omit<TelemetryStatus, "online" | "consent">;

const NOTHING = { events: 0, batches: 0, acked: 0 };

export class Host {
  readonly #settings: Settings;
  readonly #sink: Sink;
  readonly #load: () => Promise<Wasm>;
  readonly #owner = ownerId();
  #state: "new" | "starting" | "running" | "left" | "failed" = "new";
  #core: Core | undefined;
  #key: DeviceKey | undefined;
  #storage: Storage | undefined;
  #executor: Executor | undefined;
  #membership: Membership | undefined;
  #leaveDatabase: () => void = () => {};
  readonly #backlog: Backlog;
  #draining = false;
  #leads = false;
  /** Records that came while this tab was still reading what is stored, to lead. */
  #adopted: StoredRecord[] | undefined;
  #idle: (() => void)[] = [];

  /** `load` gives the module: how it may be loaded is the environment's affair. `backlog`: what has happened before. */
  constructor(settings: Settings, sink: Sink, load: () => Promise<Wasm>, backlog = new Backlog()) {
    this.#settings = settings;
    this.#sink = sink;
    this.#load = load;
    this.#backlog = backlog;
  }

  get device(): string | undefined {
    return this.#key?.id;
  }

  get leads(): boolean {
    return this.#leads;
  }

  status(): HostStatus {
    const counts = this.#state === "running" && this.#core ? JSON.parse(this.#core.status()) : NOTHING;
    const { events, batches, acked } = counts as typeof NOTHING;
    return {
      events,
      batches,
      acked,
      leader: this.#leads,
      storage: this.#storage?.kind ?? "memory",
      key: this.#key?.keeper,
    };
  }

  /** What shows that the log was rewritten; known to the tab that leads. */
  evidence(): string | undefined {
    return this.#failed() ? undefined : this.#core?.evidence();
  }

  /** Loads the module, opens the storage and joins the other tabs; rejects if the module cannot be had. */
  async start(): Promise<void> {
    if (this.#state !== "new") return;
    this.#state = "starting";
    const opening = this.#openStorage();
    try {
      const wasm = await this.#load();
      const { storage, key } = await opening;
      this.#storage = storage;
      if (this.#left()) return this.#letGo();
      this.#key = await openKey(wasm, key);
      if (this.#left()) return;
      this.#executor = this.#newExecutor(storage, this.#key);
      this.#core = new wasm.Core(this.#config(), this.#owner);
      this.#membership = this.#join(storage);
    } catch (thrown) {
      void opening.then(({ storage }) => {
        this.#storage = storage;
        this.#letGo();
      });
      if (this.#left()) return;
      this.#state = "new";
      const why = `the telemetry module is not available: ${textOf(thrown)}`;
      throw TelemetryError.of("core-unavailable", why, "retry", thrown);
    }
    await this.#membership.joined;
    if (this.#left()) return;
    const { publicKey } = this.#key;
    this.#apply(["key", publicKey], now());
    this.#apply(["online", navigator.onLine], now());
    // Until this is done, what happens goes to the end of the backlog: the order is kept.
    for (let next = this.#backlog.shift(); next; next = this.#backlog.shift()) this.#apply(next.input, next.now);
    if (this.#state === "starting") this.#state = "running";
    this.#sink.changed();
  }

  /** Hands the core something that happens at `at`; before it is there, it waits in order. */
  feed(input: Input, at = now()): void {
    if (this.#state === "running") {
      this.#apply(input, at);
    } else if (this.#state === "left" || this.#state === "failed") {
      this.#sink.trace("too late");
    } else {
      this.#backlog.push(input, at, this.#sink.overflowed);
    }
  }

  /** Seals and sends what there is; resolves when nothing is left to send, or sending failed. */
  async flush(): Promise<void> {
    if (this.#state !== "running") return;
    if (!this.#leads) await this.#membership?.askToFlush();
    if (!this.#leads || this.#state !== "running") return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
      this.feed(["flush"]);
    });
  }

  /** The page is being left. What was asked for so far is under way; another tab may lead from here on. */
  leave(): void {
    if (this.#left()) return;
    if (this.#executor) this.#executor.leaving = true;
    this.feed(["hidden"]);
    this.#stop();
  }

  /** Stops without another word, and erases all that this device holds; a new device may begin then. */
  async forget(): Promise<void> {
    const membership = this.#membership;
    // It tells the others first.
    this.#membership = undefined;
    this.#stop();
    const { namespace } = this.#settings;
    const tell = () => {
      membership?.tellToForget();
      membership?.leave();
    };
    // What was begun before has opened by now, or sees that this host has left.
    await whenNobodyIsIn(namespace, () => eraseIndexedDb(namespace), tell);
  }

  #stop(): void {
    this.#state = "left";
    this.#leads = false;
    this.#executor?.stop();
    this.#membership?.leave();
    this.#letGo();
    this.#backlog.clear();
    this.#settle();
  }

  #letGo(): void {
    this.#storage?.close();
    this.#leaveDatabase();
  }

  async #openStorage(): Promise<{ storage: Storage; key: StoredKey }> {
    const { namespace, key } = this.#settings;
    const fresh = key === "module" ? newSeed() : await newKey();
    this.#leaveDatabase = await enter(namespace);
    try {
      const storage = await openIndexedDb(namespace);
      return { storage, key: await storage.key(fresh) };
    } catch (thrown) {
      const why = `nothing can be stored on this device, events are kept in memory: ${textOf(thrown)}`;
      this.#sink.error(TelemetryError.of("storage-unavailable", why, "retry", thrown));
      const storage = new MemoryStorage();
      return { storage, key: await storage.key(fresh) };
    }
  }

  #config(): string {
    const { listener, logKeys, auditEveryMs, batch, queue } = this.#settings;
    return JSON.stringify({
      listener,
      log_keys: logKeys,
      audit_every_ms: auditEveryMs,
      max_events: batch.maxEvents,
      max_bytes: batch.maxBytes,
      max_age_ms: batch.maxAgeMs,
      queue_events: queue.maxEvents,
      queue_bytes: queue.maxBytes,
      queue_age_ms: queue.maxAgeMs,
    });
  }

  #newExecutor(storage: Storage, key: DeviceKey): Executor {
    const [settings, sink] = [this.#settings, this.#sink];
    const means = { settings, sink, storage, key, transport: httpTransport(settings.endpoint, key.id) };
    return new Executor(means, {
      answer: (input) => this.#apply(input, now()),
      handOver: (records) => {
        // This tab may be reading what is stored in order to lead, and these may have come too late for that.
        this.#adopted?.push(...records);
        this.#membership?.handOver(records);
      },
      idle: () => this.#settle(),
    });
  }

  #join(storage: Storage): Membership {
    const handlers: LeaderHandlers = {
      lead: (alive) => this.#lead(storage, alive),
      adopt: (records) => {
        if (this.#adopted) this.#adopted.push(...records);
        else if (this.#leads) this.feed(["adopt", flat(records)]);
      },
      flush: () => this.flush(),
      forget: () => {
        if (this.#left()) return;
        this.#stop();
        this.#sink.forgotten();
      },
    };
    // What only this tab's memory holds concerns no other tab, and its key is its own.
    if (storage.kind === "memory") return alone(this.#owner, handlers);
    return join(this.#settings.namespace, this.#owner, handlers);
  }

  async #lead(storage: Storage, alive: () => Promise<string[]>): Promise<void> {
    if (this.#left()) return;
    this.#adopted = [];
    try {
      const records = await storage.all();
      const owners = await alive();
      if (this.#left()) return;
      this.#leads = true;
      this.#sink.trace("leads", { records: records.length, tabs: owners.length });
      const all = flat([...records, ...this.#adopted]);
      this.feed(["lead", all, owners]);
    } catch (thrown) {
      // To lead without knowing the chain would fork it: leave that to another tab.
      const why = `what is stored on this device cannot be read: ${textOf(thrown)}`;
      this.#sink.error(TelemetryError.of("storage-unavailable", why, "stop", thrown));
      this.#membership?.leave();
    } finally {
      this.#adopted = undefined;
      this.#sink.changed();
    }
  }

  #apply(input: Input, at: Now): void {
    if (!this.#core || this.#state === "failed") return;
    try {
      const taken = this.#checked(input);
      if (!taken) return;
      // Written out: this runs with every signal, and spread syntax makes a list each time.
      const [name, a, b, c, d, e] = taken as readonly [keyof Core, ...unknown[]];
      const method = this.#core[name] as (...values: unknown[]) => unknown;
      if (method.call(this.#core, at.wall, at.mono, a, b, c, d, e) !== false) this.#drain(this.#core);
    } catch (thrown) {
      if (this.#failed()) return;
      // A panic leaves the module in an unknown state: nothing of it is used any more.
      this.#state = "failed";
      this.#draining = false;
      this.#executor?.stop();
      this.#membership?.leave();
      this.#settle();
      this.#sink.error(
        TelemetryError.of("core-failed", `the telemetry core failed: ${textOf(thrown)}`, "stop", thrown),
      );
    }
  }

  /** As the core takes it. Without a track that can be used there is no session. */
  #checked(input: Input): Taken | undefined {
    const read = readInput(input);
    if (typeof read !== "string") return read;
    this.#sink.error(TelemetryError.of("invalid-argument", read, "drop"));
    return undefined;
  }

  #drain(core: Core): void {
    // A listener may call back in: what that asks for is done by the outer loop, in order.
    if (this.#draining) return;
    this.#draining = true;
    for (let json = core.take(); json !== undefined; json = core.take()) {
      for (const output of JSON.parse(json) as Output[]) {
        // A page that was left writes nothing more: another tab may lead. What it could still send is harmless.
        if (this.#state !== "left" || output.type === "send") this.#executor?.execute(output);
      }
    }
    this.#draining = false;
  }

  #settle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  // Methods, since the state changes while this waits or calls out, which the type checker cannot see.
  #left(): boolean {
    return this.#state === "left";
  }

  #failed(): boolean {
    return this.#state === "failed";
  }
}

function ownerId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Records as the bindings take them: key, value, key, value … */
function flat(records: readonly StoredRecord[]): string[] {
  return records.flatMap(({ key, value }) => [key, value]);
}
