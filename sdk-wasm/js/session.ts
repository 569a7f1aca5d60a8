// One play of one track, told by hand: the manual API, which `attach` uses too.

import type { Now } from "./backlog.js";
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
  feed(input: Input, at?: Now): void;
  closed(session: Session): void;
  invalid(what: string): void;
}

type At = "playing" | "position" | "paused" | "stalled";

const REASONS: readonly string[] = ["completed", "skipped", "stopped", "replaced", "unloaded"];

/** Hands on what the host says. Whether it can be used is checked where it arrives, in signals.ts. */
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

  /** `now`: when that was, if it is told later. */
  playing(positionMs: number, now?: Now): void {
    this.#at("playing", positionMs, now);
  }

  /** `now`: when that was, if it is known already. */
  position(positionMs: number, now?: Now): void {
    this.#at("position", positionMs, now);
  }

  paused(positionMs: number): void {
    this.#at("paused", positionMs);
  }

  stalled(positionMs: number): void {
    this.#at("stalled", positionMs);
  }

  seeked(fromMs: number, toMs: number): void {
    this.#reach(toMs);
    this.#tell(["seeked", this.handle, fromMs, toMs]);
  }

  rate(rate: number): void {
    this.#tell(["rate", this.handle, rate]);
  }

  volume(volume: number, muted: boolean): void {
    this.#tell(["volume", this.handle, volume, muted]);
  }

  visible(visible: boolean): void {
    this.#tell(["visible", this.handle, visible]);
  }

  failed(code: string, positionMs: number): void {
    this.#tell(["failed", this.handle, code, positionMs]);
  }

  ended(reason: HostEndReason, positionMs: number): void {
    if (!REASONS.includes(reason) || !(positionMs >= 0)) {
      this.#host.invalid("ended(reason, positionMs)");
    } else if (this.#open) {
      this.#tell(["ended", this.handle, reason, positionMs]);
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

  #at(kind: At, positionMs: number, now?: Now): void {
    this.#reach(positionMs);
    this.#tell([kind, this.handle, positionMs], now);
  }

  #reach(positionMs: number): void {
    if (positionMs >= 0) this.#positionMs = positionMs;
  }

  #tell(input: Input, now?: Now): void {
    if (this.#open) this.#host.feed(input, now);
  }
}
