// Broadcasts through Media Source Extensions: what has come of one so far looks like all of it to the media element.

import type { Track } from "../options.js";

/** The track, with no length where the player says that it is live. */
export function endlessIf(live: () => boolean, track: Track | (() => Track)): Track | (() => Track) {
  const lengthOf = (one: Track) => one?.durationMs ?? (live() ? Number.POSITIVE_INFINITY : undefined);
  const read = (one: Track) =>
    Object.defineProperty({ ...one }, "durationMs", { enumerable: true, get: () => lengthOf(one) });
  return typeof track === "function" ? () => read(track()) : read(track);
}
