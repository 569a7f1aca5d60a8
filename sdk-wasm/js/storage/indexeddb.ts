// Records in IndexedDB: they survive reloads, crashes and closed tabs.

import { isKey, type StoredKey } from "../device-key.js";
import type { Storage, StoredRecord } from "./storage.js";

const VERSION = 1;
const RECORDS = "records";
const KEYS = "keys";
const DEVICE = "device";
// Kinds of records, as the core names them, that are there until the server has them. `0` follows `/`.
const UNSENT = ["batch", "event", "session"];

// Some browsers never answer an open request (a stuck profile, a blocked upgrade). Recording must begin all the same.
const OPEN_TIMEOUT_MS = 5_000;

/** Opens the database; rejects where it is not available (private modes, blocked storage, no space). */
export async function openIndexedDb(name: string): Promise<Storage> {
  const db = await open(name);
  return new IndexedDbStorage(name, db);
}

/** Deletes the database with all that is in it. Waits for other tabs to let go of it. */
export function eraseIndexedDb(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

/**
 * Whether a database of this name holds something that is still to be sent. Makes none, and is quick: to be asked where
 * nothing else is loaded yet.
 */
export function holdsUnsent(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name);
    // There was none: what this makes is taken back, and the request fails.
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onerror = () => resolve(false);
    request.onsuccess = () => resolve(anyUnsent(request.result).finally(() => request.result.close()));
  });
}

async function anyUnsent(db: IDBDatabase): Promise<boolean> {
  const store = db.transaction(RECORDS).objectStore(RECORDS);
  const counts = UNSENT.map((kind) => result(store.count(IDBKeyRange.bound(`${kind}/`, `${kind}0`))));
  return (await Promise.all(counts)).some((count) => count > 0);
}

class IndexedDbStorage implements Storage {
  readonly kind = "indexeddb";
  readonly #name: string;
  #db: IDBDatabase | undefined;
  #opening: Promise<IDBDatabase> | undefined;
  #closed = false;

  constructor(name: string, db: IDBDatabase) {
    this.#name = name;
    this.#use(db);
  }

  async all(): Promise<StoredRecord[]> {
    const store = (await this.#connect()).transaction(RECORDS).objectStore(RECORDS);
    return (await result(store.getAll())) as StoredRecord[];
  }

  write(puts: readonly StoredRecord[], deletes: readonly string[]): Promise<void> {
    // Not an async function: with the database open, the transaction begins before this returns.
    if (this.#db) return put(this.#db, puts, deletes);
    return this.#connect().then((db) => put(db, puts, deletes));
  }

  async key(fresh: StoredKey): Promise<StoredKey> {
    const transaction = (await this.#connect()).transaction(KEYS, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(KEYS);
    let key = fresh;
    const found = store.get(DEVICE);
    found.onsuccess = () => {
      // One key for the device's whole life, of whatever kind it began with.
      if (isKey(found.result)) key = found.result;
      else store.put(fresh, DEVICE);
    };
    await completed(transaction);
    return key;
  }

  close(): void {
    this.#closed = true;
    this.#db?.close();
    this.#db = undefined;
  }

  // The browser may close a connection by itself (site data cleared, another tab upgrades): open it again.
  #connect(): Promise<IDBDatabase> {
    if (this.#db) return Promise.resolve(this.#db);
    this.#opening ??= open(this.#name)
      .then((db) => this.#use(db))
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  #use(db: IDBDatabase): IDBDatabase {
    if (this.#closed) {
      db.close();
      throw new Error("the storage is closed");
    }
    const forget = () => {
      if (this.#db === db) this.#db = undefined;
    };
    db.onclose = forget;
    db.onversionchange = () => {
      db.close();
      forget();
    };
    this.#db = db;
    return db;
  }
}

function put(db: IDBDatabase, puts: readonly StoredRecord[], deletes: readonly string[]): Promise<void> {
  try {
    const transaction = db.transaction(RECORDS, "readwrite", { durability: "strict" });
    const done = completed(transaction);
    const store = transaction.objectStore(RECORDS);
    for (const { key, value } of puts) store.put({ key, value });
    for (const key of deletes) store.delete(key);
    // Without waiting for the requests' own answers: a page that is closing may never hear them.
    transaction.commit?.();
    return done;
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error("IndexedDB does not answer"));
    }, OPEN_TIMEOUT_MS);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDS, { keyPath: "key" });
      request.result.createObjectStore(KEYS);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      if (late) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
  });
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
}
