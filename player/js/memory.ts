// What a player remembers from one visit to the next: the volume, and, if asked, the queue and the place in it.

import type { Player } from "./player.js";

/** What is kept, in the browser's `localStorage`. */
export interface RememberOptions {
  /** The volume, and whether it is muted; true by default. */
  volume?: boolean;
  /** The queue, its history, and the place in the current track; false by default. */
  queue?: boolean;
  /** Tells players of one site apart, where there are several. */
  name?: string;
}

interface Volume {
  readonly volume: number;
  readonly muted: boolean;
}

/** Apart from the queue, which may be long: it is written every few seconds. */
interface Place {
  /** The track that it is in. */
  readonly id: string;
  readonly positionMs: number;
}

/** The place in a track is written this often while it plays, in milliseconds of media time. */
const EVERY_MS = 5_000;

/** Restores what was kept for `player`, and keeps it from now on, until `signal` aborts. `resume` takes the place. */
export function remember(
  player: Player,
  { volume = true, queue = false, name = "player" }: RememberOptions,
  resume: (positionMs: number) => void,
  signal: AbortSignal,
): void {
  const on = (types: string, listener: () => void) => {
    for (const type of types.split(" ")) player.addEventListener(type, listener, { signal });
  };
  if (volume) {
    const key = `delistening.${name}.volume`;
    const kept = read<Volume>(key);
    if (typeof kept?.volume === "number") player.volume = kept.volume;
    if (kept?.muted === true) player.muted = true;
    on("volumechange", () => write(key, { volume: player.volume, muted: player.muted } satisfies Volume));
  }
  if (queue) {
    const [queueKey, placeKey] = [`delistening.${name}.queue`, `delistening.${name}.place`];
    const kept = read<Place>(placeKey);
    if (player.queue.restore(read(queueKey)) && player.queue.current?.id === kept?.id)
      resume(Number(kept?.positionMs) || 0);
    let wroteMs = 0;
    const savePlace = () => {
      wroteMs = player.positionMs;
      const id = player.queue.current?.id;
      if (id !== undefined) write(placeKey, { id, positionMs: wroteMs } satisfies Place);
    };
    const save = () => {
      write(queueKey, player.queue.save());
      savePlace();
    };
    // What is cleared is not kept: nothing of it should come back.
    on("queuechange trackchange", save);
    on("pause seeked", savePlace);
    on("timeupdate", () => Math.abs(player.positionMs - wroteMs) >= EVERY_MS && savePlace());
    globalThis.addEventListener?.("pagehide", savePlace, { signal });
  }
}

function read<T>(key: string): T | undefined {
  try {
    return (JSON.parse(globalThis.localStorage?.getItem(key) ?? "null") as T | null) ?? undefined;
  } catch {
    // Storage may be forbidden, and what is in it may be anything.
    return undefined;
  }
}

function write(key: string, value: unknown): void {
  try {
    globalThis.localStorage?.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: it is not remembered.
  }
}
