// One tab leads: it alone seals and sends. The others hand their events over. Web Locks decide, so that a
// closed or crashed leader is followed by another tab at once, and never are there two.

import type { StoredRecord } from "./storage/storage.js";

// A leader in the background may be asleep.
const FLUSH_TIMEOUT_MS = 10_000;

/** What the tabs of one origin and namespace tell each other. */
type Message =
  | { kind: "events"; records: StoredRecord[] }
  | { kind: "flush"; owner: string }
  | { kind: "flushed"; owner: string }
  | { kind: "forget" };

/** What a tab is told. */
export interface LeaderHandlers {
  /**
   * This tab leads from now on. `alive` gives the owner ids of all tabs that live, this one among them; asked
   * for after the records were read, it knows the owner of each record whose tab lives. Never rejects.
   */
  lead(alive: () => Promise<string[]>): Promise<void>;
  /** Another tab recorded these. */
  adopt(records: StoredRecord[]): void;
  /** Another tab asks the leader to flush. */
  flush(): Promise<void>;
  /** Another tab erases everything: let go of it. */
  forget(): void;
}

/** This tab's part in the election. */
export interface Membership {
  /** Resolves when other tabs can see that this one lives. Nothing is recorded before. */
  readonly joined: Promise<void>;
  /** Tells the leader of events that this tab has stored. */
  handOver(records: StoredRecord[]): void;
  /** Asks the leader to flush; resolves when it has, does not answer, or this tab leads or leaves. */
  askToFlush(): Promise<void>;
  /** Tells the other tabs that everything is erased. */
  tellToForget(): void;
  /** Leaves: another tab may lead. Synchronous, for a page that is being left. */
  leave(): void;
}

/** Joins the tabs of `namespace` under the id `owner`. */
export function join(namespace: string, owner: string, handlers: LeaderHandlers): Membership {
  const locks = globalThis.navigator?.locks;
  if (!locks || typeof BroadcastChannel === "undefined") return alone(owner, handlers);
  return new LockMembership(locks, namespace, owner, handlers);
}

/** The membership of a tab that has nobody to agree with: it leads at once. */
export function alone(owner: string, handlers: LeaderHandlers): Membership {
  const joined = Promise.resolve();
  const led = joined.then(() => handlers.lead(() => Promise.resolve([owner])));
  return { joined, handOver() {}, askToFlush: () => led, tellToForget() {}, leave() {} };
}

class LockMembership implements Membership {
  readonly joined: Promise<void>;
  readonly #locks: LockManager;
  readonly #owners: string;
  readonly #owner: string;
  readonly #handlers: LeaderHandlers;
  readonly #channel: BroadcastChannel;
  readonly #leaving = new AbortController();
  readonly #left: Promise<void>;
  #leads = false;
  #flushed: (() => void)[] = [];

  constructor(locks: LockManager, namespace: string, owner: string, handlers: LeaderHandlers) {
    this.#locks = locks;
    this.#owners = `${namespace}/owner/`;
    this.#owner = owner;
    this.#handlers = handlers;
    const { signal } = this.#leaving;
    this.#left = new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    // Before the election: what a follower says while this tab begins to lead is not missed.
    this.#channel = new BroadcastChannel(namespace);
    this.#channel.onmessage = (event: MessageEvent<Message>) => this.#hear(event.data);

    const aloneIfRefused = () => {
      // The browser grants no locks here (an opaque origin, blocked storage): lead without them.
      if (!signal.aborted && !this.#leads) this.#lead(() => Promise.resolve([owner]));
    };
    this.joined = new Promise((resolve) => {
      this.#hold(this.#owners + owner, resolve).catch(() => {
        aloneIfRefused();
        resolve();
      });
    });
    this.joined
      .then(() => this.#hold(`${namespace}/leader`, () => this.#lead(() => this.#alive())))
      .catch(aloneIfRefused);
  }

  /** Waits for a lock and keeps it until this tab leaves. */
  async #hold(name: string, granted: () => void): Promise<void> {
    if (this.#leaving.signal.aborted) return;
    await this.#locks.request(name, { signal: this.#leaving.signal }, () => {
      granted();
      return this.#left;
    });
  }

  async #alive(): Promise<string[]> {
    const { held = [] } = await this.#locks.query();
    return held.flatMap(({ name }) => (name?.startsWith(this.#owners) ? [name.slice(this.#owners.length)] : []));
  }

  #lead(alive: () => Promise<string[]>): void {
    if (this.#leaving.signal.aborted) return;
    this.#leads = true;
    void this.#handlers.lead(alive).then(() => this.#settle());
  }

  #hear(message: Message): void {
    if (message.kind === "events") {
      this.#handlers.adopt(message.records);
    } else if (message.kind === "flush" && this.#leads) {
      void this.#handlers.flush().finally(() => this.#say({ kind: "flushed", owner: message.owner }));
    } else if (message.kind === "flushed" && message.owner === this.#owner) {
      this.#settle();
    } else if (message.kind === "forget") {
      this.#handlers.forget();
    }
  }

  #say(message: Message): void {
    if (!this.#leaving.signal.aborted) this.#channel.postMessage(message);
  }

  #settle(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }

  handOver(records: StoredRecord[]): void {
    this.#say({ kind: "events", records });
  }

  askToFlush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushed.push(resolve);
      setTimeout(resolve, FLUSH_TIMEOUT_MS);
      this.#say({ kind: "flush", owner: this.#owner });
    });
  }

  tellToForget(): void {
    this.#say({ kind: "forget" });
  }

  leave(): void {
    this.#leaving.abort();
    this.#channel.close();
    this.#settle();
  }
}
