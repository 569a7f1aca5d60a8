// The fallback where nothing can be stored: records live as long as the page.

import type { StoredKey } from "../device-key.js";
import type { Storage, StoredRecord } from "./storage.js";

/** Keeps records in this page's memory only. */
export class MemoryStorage implements Storage {
  readonly kind = "memory";
  readonly #records = new Map<string, string>();
  #key: StoredKey | undefined;

  all(): Promise<StoredRecord[]> {
    const keys = [...this.#records.keys()].sort();
    return Promise.resolve(keys.map((key) => ({ key, value: this.#records.get(key) ?? "" })));
  }

  write(puts: readonly StoredRecord[], deletes: readonly string[]): Promise<void> {
    for (const { key, value } of puts) this.#records.set(key, value);
    for (const key of deletes) this.#records.delete(key);
    return Promise.resolve();
  }

  key(fresh: StoredKey): Promise<StoredKey> {
    this.#key ??= fresh;
    return Promise.resolve(this.#key);
  }

  close(): void {
    this.#records.clear();
  }
}
