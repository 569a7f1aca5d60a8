// What a player tells: event types and what their `detail` is.

import type { PlayerError } from "./errors.js";
import type { PlayerTrack } from "./queue.js";

/**
 * `idle` nothing is loaded; `loading` a track is being made ready; `blocked` the browser wants a user's
 * gesture before sound; `stalled` playback waits for data.
 */
export type PlayerState = "idle" | "loading" | "playing" | "paused" | "stalled" | "blocked" | "error";

/** Event types and their details. Times are milliseconds. */
export interface PlayerEvents {
  statechange: { readonly state: PlayerState; readonly previous: PlayerState };
  /** Another track is loaded, or none any more. */
  trackchange: { readonly track: PlayerTrack | undefined };
  /** Its picture is another than the track says: it was found on this device. */
  artworkchange: { readonly artwork: string | undefined };
  /** More of its waveform is known. */
  waveformchange: { readonly waveform: readonly number[] | undefined };
  queuechange: { readonly tracks: readonly PlayerTrack[]; readonly index: number };
  /** Playback was asked for; `playing` tells when there is sound. */
  play: { readonly positionMs: number };
  /** Sound is coming out from here on. */
  playing: { readonly positionMs: number };
  pause: { readonly positionMs: number };
  /** Playback waits for data. */
  stalled: { readonly positionMs: number };
  timeupdate: { readonly positionMs: number; readonly durationMs: number | undefined };
  durationchange: { readonly durationMs: number | undefined };
  seeking: { readonly fromMs: number; readonly toMs: number };
  seeked: { readonly fromMs: number; readonly toMs: number };
  /** A track was played to its end. */
  ended: { readonly track: PlayerTrack };
  /** Another engine plays the track: the one that was chosen for it, or the one that was fallen back on. */
  enginechange: { readonly engine: string; readonly reason: string };
  volumechange: { readonly volume: number; readonly muted: boolean };
  ratechange: { readonly rate: number };
  error: PlayerError;
}

/** An event target whose listeners know their event's detail. */
export interface TypedTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(
    type: K,
    listener: (event: CustomEvent<Events[K]>) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof Events & string>(
    type: K,
    listener: (event: CustomEvent<Events[K]>) => void,
    options?: EventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

/** `EventTarget` with the types of a player's events. */
export const PlayerEventTarget = EventTarget as new () => TypedTarget<PlayerEvents>;
