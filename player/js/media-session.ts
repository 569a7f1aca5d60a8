// The platform's own controls: lock screen, headphones, keyboard.

import type { Player } from "./player.js";
import type { PlayerTrack } from "./queue.js";

const STEP_MS = 10_000;

/** Connects `player` to the browser's media session, where there is one. */
export function connectMediaSession(player: Player): void {
  const session = globalThis.navigator?.mediaSession;
  if (!session) return;
  const handle = (action: MediaSessionAction, handler: MediaSessionActionHandler) => {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // A browser that does not know the action goes without it.
    }
  };
  handle("play", () => void player.play());
  handle("pause", () => player.pause());
  handle("stop", () => player.stop());
  handle("nexttrack", () => player.next());
  handle("previoustrack", () => player.previous());
  handle("seekto", ({ seekTime }) => player.seek((seekTime ?? 0) * 1000));
  handle("seekforward", ({ seekOffset }) => player.seek(player.positionMs + (seekOffset ?? STEP_MS / 1000) * 1000));
  handle("seekbackward", ({ seekOffset }) => player.seek(player.positionMs - (seekOffset ?? STEP_MS / 1000) * 1000));

  player.addEventListener("trackchange", ({ detail: { track } }) => {
    session.metadata = track ? metadata(track) : null;
  });
  player.addEventListener("statechange", ({ detail: { state } }) => {
    session.playbackState =
      state === "playing" || state === "stalled" ? "playing" : state === "idle" ? "none" : "paused";
    tellPosition();
  });
  player.addEventListener("durationchange", tellPosition);
  player.addEventListener("seeked", tellPosition);
  player.addEventListener("ratechange", tellPosition);

  function tellPosition(): void {
    const { durationMs, positionMs, rate } = player;
    if (durationMs === undefined) return;
    const position = Math.min(positionMs, durationMs) / 1000;
    session?.setPositionState?.({ duration: durationMs / 1000, position, playbackRate: rate });
  }
}

function metadata({ title, id, artist, release, artwork }: PlayerTrack): MediaMetadata {
  return new MediaMetadata({
    title: title ?? id,
    artist: artist ?? "",
    album: release ?? "",
    artwork: artwork === undefined ? [] : [{ src: artwork }],
  });
}
