// The platform's own controls: lock screen, headphones, keyboard.

import type { PlayerEvents } from "./events.js";
import type { Player } from "./player.js";
import type { PlayerTrack } from "./queue.js";

const STEP_S = 10;

/** A page has one media session: the player that was last asked to play holds it. */
let holder: Player | undefined;

/** Connects `player` to the browser's media session, where there is one, until `signal` aborts. */
export function connectMediaSession(player: Player, signal: AbortSignal): void {
  const session = globalThis.navigator?.mediaSession;
  if (!session) return;
  const seekBy = (seconds: number) => player.seek(player.positionMs + seconds * 1000);
  const handlers: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
    play: () => void player.play(),
    pause: () => player.pause(),
    stop: () => player.stop(),
    nexttrack: () => player.next(),
    previoustrack: () => player.previous(),
    seekto: ({ seekTime }) => player.seek((seekTime ?? 0) * 1000),
    seekforward: ({ seekOffset }) => seekBy(seekOffset ?? STEP_S),
    seekbackward: ({ seekOffset }) => seekBy(-(seekOffset ?? STEP_S)),
  };

  function handle(wanted: boolean): void {
    for (const [action, handler] of Object.entries(handlers)) {
      try {
        session?.setActionHandler(action as MediaSessionAction, wanted ? handler : null);
      } catch {
        // A browser that does not know the action goes without it.
      }
    }
  }

  function on(type: keyof PlayerEvents, tell: () => void): void {
    player.addEventListener(type, () => holder === player && tell(), { signal });
  }

  const tellTrack = () => {
    session.metadata = player.track ? metadata(player.track, player.artwork) : null;
  };
  const tellState = () => {
    const { state } = player;
    const sounding = state === "playing" || state === "stalled" || state === "loading";
    session.playbackState = state === "idle" ? "none" : sounding ? "playing" : "paused";
    tellPosition();
  };
  const tellPosition = () => {
    const { durationMs, positionMs, rate } = player;
    if (durationMs === undefined) return;
    const position = Math.min(positionMs, durationMs) / 1000;
    session.setPositionState?.({ duration: durationMs / 1000, position, playbackRate: rate });
  };

  player.addEventListener(
    "play",
    () => {
      if (holder !== player) handle(true);
      holder = player;
      tellTrack();
      tellState();
    },
    { signal },
  );
  on("trackchange", tellTrack);
  on("artworkchange", tellTrack);
  on("statechange", tellState);
  for (const type of ["durationchange", "seeked", "ratechange"] as const) on(type, tellPosition);

  signal.addEventListener("abort", () => {
    if (holder !== player) return;
    holder = undefined;
    handle(false);
    session.metadata = null;
    session.playbackState = "none";
  });
}

function metadata({ title, id, artist, release }: PlayerTrack, artwork: string | undefined): MediaMetadata {
  return new MediaMetadata({
    title: title ?? id,
    artist: artist ?? "",
    album: release ?? "",
    artwork: artwork === undefined ? [] : [{ src: artwork }],
  });
}
