// One play of one track, told by hand: the manual API, which `attach` uses too.

import type { Input } from "./inputs.js";
import type { EndReason } from "./schema.js";

/** Why a host ends a session. `crashed` is for the core alone. */
export type HostEndReason = Exclude<EndReason, "crashed">;

/**
 * One play of one track. Positions are milliseconds of media time. Tell it what the player does, as it
 * does it; what was heard is worked out from that. After `ended`, everything else is ignored.
 */
export interface PlaySession {
  /** UUIDv7, as in the session's events. */
  readonly id: string;
  /** Sound is coming out, from `positionMs` on. */
  playing(positionMs: number): void;
  /** Where playback is; call it about four times a second while it plays. */
  position(positionMs: number): void;
  paused(positionMs: number): void;
  seeked(fromMs: number, toMs: number): void;
  /** Playback waits for data; `playing` ends the stall. */
  stalled(positionMs: number): void;
  /** 1 is normal speed. */
  rate(rate: number): void;
  /** `volume` from 0 to 1. */
  volume(volume: number, muted: boolean): void;
  /** Whether the player can be seen. */
  visible(visible: boolean): void;
  /** `code`: the player's own word for what went wrong. */
  failed(code: string, positionMs: number): void;
  ended(reason: HostEndReason, positionMs: number): void;
}

/** What a session needs from its telemetry. */
export interface SessionHost {
  feed(input: Input): void;
  closed(session: Session): void;
  invalid(what: string): void;
}

type At = "playing" | "position" | "paused" | "stalled";

const REASONS: readonly string[] = ["completed", "skipped", "stopped", "replaced", "unloaded"];

/** Checks what the host says before it reaches the core. */
export class Session implements PlaySession {
  readonly id: string;
  /** How the core knows it. */
  readonly handle: number;
  readonly #host: SessionHost;
  #positionMs = 0;
  #open = true;

  constructor(id: string, handle: number, host: SessionHost) {
    this.id = id;
    this.handle = handle;
    this.#host = host;
  }

  get open(): boolean {
    return this.#open;
  }

  playing(positionMs: number): void {
    this.#at("playing", positionMs);
  }

  position(positionMs: number): void {
    this.#at("position", positionMs);
  }

  paused(positionMs: number): void {
    this.#at("paused", positionMs);
  }

  stalled(positionMs: number): void {
    this.#at("stalled", positionMs);
  }

  seeked(fromMs: number, toMs: number): void {
    const from = milliseconds(fromMs);
    const to = milliseconds(toMs);
    if (from === undefined || to === undefined) {
      this.#host.invalid("seeked(fromMs, toMs)");
    } else {
      this.#positionMs = to;
      this.#tell(["seeked", this.handle, from, to]);
    }
  }

  rate(rate: number): void {
    if (rate >= 0 && rate <= 16) this.#tell(["rate", this.handle, rate]);
    else this.#host.invalid("rate(rate), from 0 to 16");
  }

  volume(volume: number, muted: boolean): void {
    if (volume >= 0 && volume <= 1) this.#tell(["volume", this.handle, volume, Boolean(muted)]);
    else this.#host.invalid("volume(volume, muted), from 0 to 1");
  }

  visible(visible: boolean): void {
    this.#tell(["visible", this.handle, Boolean(visible)]);
  }

  failed(code: string, positionMs: number): void {
    const at = milliseconds(positionMs);
    if (at === undefined || typeof code !== "string" || code === "") this.#host.invalid("failed(code, positionMs)");
    else this.#tell(["failed", this.handle, code, at]);
  }

  ended(reason: HostEndReason, positionMs: number): void {
    const at = milliseconds(positionMs);
    if (at === undefined || !REASONS.includes(reason)) {
      this.#host.invalid("ended(reason, positionMs)");
    } else if (this.#open) {
      this.#tell(["ended", this.handle, reason, at]);
      this.#open = false;
      this.#host.closed(this);
    }
  }

  /** Ends it without another word. */
  abandon(): void {
    this.#open = false;
    this.#host.closed(this);
  }

  /** Ends it where it was last known to be. */
  end(reason: HostEndReason): void {
    this.ended(reason, this.#positionMs);
  }

  #at(kind: At, positionMs: number): void {
    const at = milliseconds(positionMs);
    if (at === undefined) {
      this.#host.invalid(`${kind}(positionMs)`);
    } else {
      this.#positionMs = at;
      this.#tell([kind, this.handle, at]);
    }
  }

  #tell(input: Input): void {
    if (this.#open) this.#host.feed(input);
  }
}

function milliseconds(value: number): number | undefined {
  if (typeof value !== "number" || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return undefined;
  return Math.round(value);
}
