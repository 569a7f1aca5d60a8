// Where records are kept. The core decides what is stored; a storage only keeps it, all or nothing.

import type { StoredKey } from "../device-key.js";

/** A record as the core made it. The key names its kind: `state`, `alarm`, `event/…`, `batch/…`, `session/…`. */
export interface StoredRecord {
  readonly key: string;
  readonly value: string;
}

/** One place for records and for the device key. */
export interface Storage {
  readonly kind: "indexeddb" | "memory";
  /** Everything that is stored, in the order of the keys. */
  all(): Promise<StoredRecord[]>;
  /**
   * One atomic transaction: all of it is durable when the promise resolves, none of it when it rejects.
   * The transaction is begun before the call returns, so that a page on its way out still makes it.
   */
  write(puts: readonly StoredRecord[], deletes: readonly string[]): Promise<void>;
  /** The stored device key; `fresh` becomes it if there is none that can be read. Atomic across tabs. */
  key(fresh: StoredKey): Promise<StoredKey>;
  /** Lets go of the storage. */
  close(): void;
}
