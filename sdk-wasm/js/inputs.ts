// What happens, as the core takes it: the method's name, and what follows the time. Written out, so that the declarations
// of a page's entry do not lead to those of the bindings; host.ts holds it to them.

import type { HostEndReason } from "./session.js";

/** Something that happens to the core. Positions are milliseconds of media time. */
export type Input =
  | readonly ["open_session", handle: number, id: string, track: string, engine: string, autoplay: boolean]
  | readonly ["playing" | "position" | "paused" | "stalled", handle: number, positionMs: number]
  | readonly ["seeked", handle: number, fromMs: number, toMs: number]
  | readonly ["rate", handle: number, rate: number]
  | readonly ["volume", handle: number, volume: number, muted: boolean]
  | readonly ["visible", handle: number, visible: boolean]
  | readonly ["failed", handle: number, code: string, positionMs: number]
  | readonly ["ended", handle: number, reason: HostEndReason, positionMs: number]
  | readonly ["key", publicKey: Uint8Array]
  | readonly ["lead", records: string[], alive: string[]]
  | readonly ["adopt", records: string[]]
  | readonly ["stored", ticket: number, ok: boolean]
  | readonly ["signed", ticket: number, signature: Uint8Array | undefined]
  | readonly ["token", token: string]
  | readonly ["token_failed", why: string]
  | readonly ["response", ticket: number, status: number, retryAfterS: number | undefined, body: string]
  | readonly ["network_error", ticket: number]
  | readonly ["fetched", ticket: number, status: number | undefined, body: Uint8Array | undefined]
  | readonly ["online", online: boolean]
  | readonly ["hidden" | "flush" | "tick" | "acknowledge_alarm"];
