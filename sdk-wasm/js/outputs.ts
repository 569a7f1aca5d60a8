// What the core asks its host to do, and what it tells: the JSON that `Core.take` gives.

import type { Action, DropReason, Event, Problem, Verdict } from "./schema.js";
import type { StoredRecord } from "./storage/storage.js";

/** One thing to do. Tickets name the answer that the core waits for. */
export type Output =
  | { readonly type: "store"; readonly ticket: number; readonly puts: StoredRecord[]; readonly deletes: string[] }
  | { readonly type: "handover"; readonly records: StoredRecord[] }
  | { readonly type: "sign"; readonly ticket: number; readonly message: string }
  | { readonly type: "need_token"; readonly device: string }
  | { readonly type: "send"; readonly ticket: number; readonly body: string; readonly last_chance: boolean }
  | { readonly type: "fetch"; readonly ticket: number; readonly path: string }
  | { readonly type: "wake_at"; readonly mono_ms: number }
  | { readonly type: "notify"; readonly notice: Notice };

/** Something the host may want to know. */
export type Notice =
  | { readonly type: "event"; readonly event: Event }
  | ({ readonly type: "verdict" } & SessionVerdict)
  | ({ readonly type: "sealed" } & Sealed)
  | ({ readonly type: "acked" } & Acked)
  | ({ readonly type: "receipt" } & Receipt)
  | ({ readonly type: "dropped" } & Dropped)
  | { readonly type: "error"; readonly code: string; readonly detail: string; readonly action: Action }
  | { readonly type: "idle" };

/**
 * What a session that is over is worth by the play rule, from all that was recorded of it. The server says the same, unless
 * the signed times or what looks like fraud speak against it.
 */
export interface SessionVerdict extends Omit<Verdict, "suspicion"> {
  readonly session: string;
}

/** A batch was sealed: numbered, chained and signed. */
export interface Sealed {
  readonly seq: number;
  /** Size of the signed batch. */
  readonly bytes: number;
  /** How many events it holds. */
  readonly events: number;
}

/** The server holds the batch. */
export interface Acked {
  readonly seq: number;
  readonly status: "accepted" | "duplicate";
}

/** The batch's receipt verified: it is in the log, and the log continues the one known before. */
export interface Receipt {
  readonly seq: number;
  /** The batch's place in the log. */
  readonly index: number;
  /** The size of the log that the receipt proves it in. */
  readonly size: number;
  readonly origin: string;
  /** The signed checkpoint (a C2SP signed note). */
  readonly checkpoint: string;
  /** When the server received the batch, milliseconds since 1970. */
  readonly received: number;
  readonly verified: true;
}

/** A batch or events were given up. */
export interface Dropped {
  /** The batch, where it was one. */
  readonly seq?: number;
  /** How many events are lost. */
  readonly events: number;
  readonly reason: DropReason;
  /** The server's refusal, where there was one. */
  readonly problem?: Problem;
}
