// Runs the core in a page: feeds it what happens, with the time it happened, and does what it asks for.
// One host lives from the page's start (or its return from the back/forward cache) until the page is left.

import { type DeviceKey, type KeyKeeper, newKey, newSeed, openKey, type StoredKey } from "./device-key.js";
import { TelemetryError, textOf } from "./errors.js";
import { alone, join, type LeaderHandlers, type Membership } from "./leader.js";
import type { Settings } from "./options.js";
import type { Notice, Output } from "./outputs.js";
import { enter, whenNobodyIsIn } from "./presence.js";
import { eraseIndexedDb, openIndexedDb } from "./storage/indexeddb.js";
import { MemoryStorage } from "./storage/memory.js";
import type { Storage, StoredRecord } from "./storage/storage.js";
import { httpTransport, type Transport } from "./transport.js";
import type { Core, Wasm } from "./wasm.js";

/** When something happened: the wall clock, and the page's monotonic clock, in milliseconds. */
export interface Now {
  readonly wall: number;
  readonly mono: number;
}

/** Something that happens to the core. */
export type Input = (core: Core, now: Now) => void;

/** Where a host reports to. None of these may throw. */
export interface Sink {
  notice(notice: Notice): void;
  error(error: TelemetryError): void;
  /** What `status` tells has changed. */
  changed(): void;
  /** Another tab erases everything: this host has left. */
  forgotten(): void;
  trace(what: string, about?: unknown): void;
}

/** What the core counts. */
export interface CoreStatus {
  readonly events: number;
  readonly batches: number;
  readonly acked: number;
}

// More than an hour of signals: whoever waits longer for the module has no use for them.
const BACKLOG = 20_000;
const TOKEN_TIMEOUT_MS = 30_000;

const NOTHING: CoreStatus = { events: 0, batches: 0, acked: 0 };

export class Host {
  readonly #settings: Settings;
  readonly #sink: Sink;
  readonly #load: () => Promise<Wasm>;
  readonly #owner = ownerId();
  #state: "new" | "starting" | "running" | "left" | "failed" = "new";
  #core: Core | undefined;
  #key: DeviceKey | undefined;
  #storage: Storage | undefined;
  #transport: Transport | undefined;
  #membership: Membership | undefined;
  #leaveDatabase: () => void = () => {};
  #backlog: { input: Input; now: Now }[] = [];
  #leaving = false;
  #overflowed = false;
  #draining = false;
  #leads = false;
  /** Records that came while this tab was still reading what is stored, to lead. */
  #adopted: StoredRecord[] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idle: (() => void)[] = [];

  /** `load` gives the module: how it may be loaded is the environment's affair. */
  constructor(settings: Settings, sink: Sink, load: () => Promise<Wasm>) {
    this.#settings = settings;
    this.#sink = sink;
    this.#load = load;
  }

  get device(): string | undefined {
    return this.#key?.id;
  }

  get keeper(): KeyKeeper | undefined {
    return this.#key?.keeper;
  }

  get leads(): boolean {
    return this.#leads;
  }

  get storage(): "indexeddb" | "memory" | undefined {
    return this.#storage?.kind;
  }

  status(): CoreStatus {
    if (this.#state !== "running" || !this.#core) return NOTHING;
    return JSON.parse(this.#core.status()) as CoreStatus;
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
      this.#transport = httpTransport(this.#settings.endpoint, this.#key.id);
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
    this.#apply((core, { wall, mono }) => core.key(wall, mono, publicKey), now());
    this.#apply((core, { wall, mono }) => core.online(wall, mono, navigator.onLine), now());
    // Until this is done, what happens goes to the end of the backlog: the order is kept.
    for (let next = this.#backlog.shift(); next; next = this.#backlog.shift()) this.#apply(next.input, next.now);
    if (this.#state === "starting") this.#state = "running";
    this.#sink.changed();
  }

  /** Hands the core something that happens now; before it is there, it waits in order. */
  feed(input: Input): void {
    if (this.#state === "running") {
      this.#apply(input, now());
    } else if (this.#state === "left" || this.#state === "failed") {
      this.#sink.trace("too late");
    } else if (this.#backlog.length < BACKLOG) {
      this.#backlog.push({ input, now: now() });
    } else if (!this.#overflowed) {
      this.#overflowed = true;
      const why = "too much happened before the telemetry module was there";
      this.#sink.error(TelemetryError.of("backlog-full", why, "drop"));
    }
  }

  /** Seals and sends what there is; resolves when nothing is left to send, or sending failed. */
  async flush(): Promise<void> {
    if (this.#state !== "running") return;
    if (!this.#leads) await this.#membership?.askToFlush();
    if (!this.#leads || this.#state !== "running") return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
      this.feed((core, { wall, mono }) => core.flush(wall, mono));
    });
  }

  /** The page is being left. What was asked for so far is under way; another tab may lead from here on. */
  leave(): void {
    if (this.#left()) return;
    this.#leaving = true;
    this.feed((core, { wall, mono }) => core.hidden(wall, mono));
    this.#stop();
  }

  /** Stops without another word, and erases all that this device holds; a new device may begin then. */
  async forget(): Promise<void> {
    this.#membership?.tellToForget();
    this.#stop();
    const { namespace } = this.#settings;
    // What was begun before has opened by now, or sees that this host has left.
    await whenNobodyIsIn(namespace, () => eraseIndexedDb(namespace));
  }

  #stop(): void {
    this.#state = "left";
    this.#leads = false;
    clearTimeout(this.#timer);
    this.#membership?.leave();
    this.#letGo();
    this.#backlog = [];
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

  #join(storage: Storage): Membership {
    const handlers: LeaderHandlers = {
      lead: (alive) => this.#lead(storage, alive),
      adopt: (records) => {
        if (this.#adopted) this.#adopted.push(...records);
        else if (this.#leads) this.feed((core, { wall, mono }) => core.adopt(wall, mono, flat(records)));
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
    this.#adopted = [];
    try {
      const records = await storage.all();
      const owners = await alive();
      if (this.#left()) return;
      this.#leads = true;
      this.#sink.trace("leads", { records: records.length, tabs: owners.length });
      const all = flat([...records, ...this.#adopted]);
      this.feed((core, { wall, mono }) => core.lead(wall, mono, all, owners));
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
      input(this.#core, at);
      this.#drain(this.#core);
    } catch (thrown) {
      if (this.#failed()) return;
      // A panic leaves the module in an unknown state: nothing of it is used any more.
      this.#state = "failed";
      this.#draining = false;
      clearTimeout(this.#timer);
      this.#membership?.leave();
      this.#settle();
      this.#sink.error(
        TelemetryError.of("core-failed", `the telemetry core failed: ${textOf(thrown)}`, "stop", thrown),
      );
    }
  }

  #drain(core: Core): void {
    // A listener may call back in: what that asks for is done by the outer loop, in order.
    if (this.#draining) return;
    this.#draining = true;
    for (let json = core.take(); json !== undefined; json = core.take()) {
      for (const output of JSON.parse(json) as Output[]) this.#do(output);
    }
    this.#draining = false;
  }

  #do(output: Output): void {
    // A page that was left writes nothing more: another tab may lead. What it could still send is harmless.
    if (this.#state === "left" && output.type !== "send") return;
    switch (output.type) {
      case "store":
        this.#store(output);
        break;
      case "handover":
        // This tab may be reading what is stored in order to lead, and these may have come too late for that.
        this.#adopted?.push(...output.records);
        this.#membership?.handOver(output.records);
        break;
      case "sign":
        this.#sign(output.ticket, output.message);
        break;
      case "need_token":
        this.#token(output.device);
        break;
      case "send":
        this.#send(output);
        break;
      case "fetch":
        this.#fetch(output.ticket, output.path);
        break;
      case "wake_at":
        this.#wake(output.mono_ms);
        break;
      case "notify":
        this.#notify(output.notice);
        break;
    }
  }

  #store({ ticket, puts, deletes }: Extract<Output, { type: "store" }>): void {
    const stored = (ok: boolean) => this.#answer((core, { wall, mono }) => core.stored(wall, mono, ticket, ok));
    this.#storage?.write(puts, deletes).then(
      () => stored(true),
      (thrown) => {
        this.#sink.trace("not stored", textOf(thrown));
        stored(false);
      },
    );
  }

  #sign(ticket: number, message: string): void {
    const signed = (signature: Uint8Array) =>
      this.#answer((core, { wall, mono }) => core.signed(wall, mono, ticket, signature));
    const failed = (thrown: unknown) => {
      this.#sink.trace("not signed", textOf(thrown));
      this.#answer((core, { wall, mono }) => core.signed(wall, mono, ticket, undefined));
    };
    try {
      const signature = this.#key?.sign(new TextEncoder().encode(message));
      if (signature instanceof Uint8Array) signed(signature);
      else signature?.then(signed, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #token(device: string): void {
    const { token, listener } = this.#settings;
    const request = listener === undefined ? { device } : { device, listener };
    within(TOKEN_TIMEOUT_MS, async () => token(request)).then(
      (value) => this.#answer((core, { wall, mono }) => core.token(wall, mono, String(value))),
      (thrown) => {
        const why = `the token callback failed: ${textOf(thrown)}`;
        this.#answer((core, { wall, mono }) => core.token_failed(wall, mono, why));
      },
    );
  }

  #send({ ticket, body, last_chance }: Extract<Output, { type: "send" }>): void {
    const transport = this.#transport;
    if (!transport) return;
    const unanswered: Input = (core, { wall, mono }) => core.network_error(wall, mono, ticket);
    if (this.#leaving || (last_chance && !transport.outlivesPage)) {
      this.#sink.trace("beacon", { taken: transport.lastChance(body) });
      // A beacon has no answer: should the page live on, the batches go again and are known by then.
      this.#answer(unanswered);
      return;
    }
    void transport.send(body).then((answer) => {
      this.#sink.trace("answer", answer?.status ?? "none");
      const { status = 0, retryAfterS, body: text = "" } = answer ?? {};
      const answered: Input = (core, { wall, mono }) => core.response(wall, mono, ticket, status, retryAfterS, text);
      this.#answer(answer ? answered : unanswered);
    });
  }

  #fetch(ticket: number, path: string): void {
    void this.#transport?.get(path).then((resource) => {
      this.#sink.trace("log", { path, status: resource?.status ?? "none" });
      this.#answer((core, { wall, mono }) => core.fetched(wall, mono, ticket, resource?.status, resource?.body));
    });
  }

  #wake(monoMs: number): void {
    clearTimeout(this.#timer);
    // Browsers take a longer time for none at all.
    const wait = Math.min(Math.max(0, monoMs - performance.now()), 0x7fff_ffff);
    this.#timer = setTimeout(() => this.#answer((core, { wall, mono }) => core.tick(wall, mono)), wait);
  }

  #notify(notice: Notice): void {
    this.#sink.notice(notice);
    if (notice.type === "idle") this.#settle();
    this.#sink.changed();
  }

  /** What comes back from storage, key, token callback or network, also after the page was left. */
  #answer(input: Input): void {
    this.#apply(input, now());
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

function now(): Now {
  return { wall: Date.now(), mono: performance.now() };
}

function ownerId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Records as the bindings take them: key, value, key, value … */
function flat(records: readonly StoredRecord[]): string[] {
  return records.flatMap(({ key, value }) => [key, value]);
}

async function within<T>(ms: number, task: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([task(), late]);
  } finally {
    clearTimeout(timer);
  }
}
