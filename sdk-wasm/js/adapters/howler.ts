// howler.js: plays through Web Audio, where there is no media element to watch. Each of its sounds is a session that is
// told by hand.

import type { Track } from "../options.js";
import type { PlaySession } from "../session.js";
import type { Telemetry } from "../telemetry.js";

type HowlEvent = "play" | "pause" | "stop" | "end" | "seek" | "rate" | "volume" | "mute" | "playerror" | "loaderror";

/** What is used of a `Howl` of howler.js. */
export interface HowlLike {
  on(event: HowlEvent, listener: (id: number, error?: unknown) => void): unknown;
  off(event: HowlEvent, listener: (id: number, error?: unknown) => void): unknown;
  seek(id?: number): unknown;
  rate(id?: number): unknown;
  duration(id?: number): number;
  loop(id?: number): unknown;
  playing(id?: number): boolean;
  volume(): unknown;
}

const TICK_MS = 250;
// Where nobody looks, browsers tick once a second, and howler tells as late: what was heard since the last tick is then told
// short rather than long.
const UNSEEN_MS = 2 * TICK_MS;

interface Sound {
  readonly session: PlaySession;
  /** Where it was last known to be, and when. */
  positionMs: number;
  at: number;
  timer: ReturnType<typeof setInterval> | undefined;
}

/** Measures what a `Howl` plays, each of its sounds by itself; gives what ends it. */
export function attachHowl(telemetry: Telemetry, howl: HowlLike, track: Track | (() => Track)): () => void {
  const sounds = new Map<number, Sound>();
  let muted = false;

  const now = (id: number): number => {
    const seconds = howl.seek(id);
    return typeof seconds === "number" && seconds >= 0 ? Math.round(seconds * 1000) : (sounds.get(id)?.positionMs ?? 0);
  };
  const open = (id: number): Sound => {
    const given = read(track);
    const durationMs = given.durationMs ?? howl.duration(id) * 1000;
    const session = telemetry.session({ ...given, durationMs }, { engine: "howler" });
    const sound: Sound = { session, positionMs: 0, at: performance.now(), timer: undefined };
    sounds.set(id, sound);
    tellRate(id);
    tellVolume();
    return sound;
  };
  const rest = (sound: Sound) => {
    clearInterval(sound.timer);
    sound.timer = undefined;
  };
  const note = (sound: Sound, positionMs: number) => {
    sound.positionMs = positionMs;
    sound.at = performance.now();
  };
  const tell = (id: number, sound: Sound) => {
    // It was stopped or paused, and will tell.
    if (!howl.playing(id)) return;
    note(sound, now(id));
    sound.session.position(sound.positionMs);
  };
  /** Where it has come to by now: once it has moved or stopped, howler no longer tells. */
  const cameTo = (id: number, sound: Sound): number => {
    if (!sound.timer) return sound.positionMs;
    const rate = howl.rate(id);
    const unseenMs = (performance.now() - sound.at) * (typeof rate === "number" ? rate : 1);
    return Math.round(sound.positionMs + Math.min(unseenMs, UNSEEN_MS));
  };
  const end = (id: number, reason: "completed" | "stopped") => {
    const sound = sounds.get(id);
    if (!sound) return;
    const lengthMs = Math.round(howl.duration(id) * 1000);
    const reachedMs = reason === "completed" ? lengthMs : Math.min(cameTo(id, sound), lengthMs || Infinity);
    rest(sound);
    sounds.delete(id);
    sound.session.ended(reason, reachedMs);
  };
  const tellRate = (id: number) => {
    const rate = howl.rate(id);
    if (typeof rate === "number") sounds.get(id)?.session.rate(rate);
  };
  const tellVolume = () => {
    const volume = howl.volume();
    for (const { session } of sounds.values()) session.volume(typeof volume === "number" ? volume : 1, muted);
  };

  const listeners: Record<HowlEvent, (id: number, error?: unknown) => void> = {
    play(id) {
      const sound = sounds.get(id) ?? open(id);
      note(sound, now(id));
      sound.session.playing(sound.positionMs);
      sound.timer ??= setInterval(() => tell(id, sound), TICK_MS);
    },
    pause(id) {
      const sound = sounds.get(id);
      if (!sound) return;
      rest(sound);
      sound.positionMs = now(id);
      sound.session.paused(sound.positionMs);
    },
    stop: (id) => end(id, "stopped"),
    end(id) {
      const loops = howl.loop(id) === true;
      end(id, "completed");
      // Once around is one play: the next one has begun.
      if (loops) listeners.play(id);
    },
    seek(id) {
      const sound = sounds.get(id);
      if (!sound) return;
      const to = now(id);
      sound.session.seeked(cameTo(id, sound), to);
      note(sound, to);
    },
    rate(id) {
      const sound = sounds.get(id);
      if (sound?.timer) tell(id, sound);
      tellRate(id);
    },
    volume: tellVolume,
    mute() {
      // howler tells that it changed, not to what.
      muted = (howl as { _muted?: boolean })._muted === true;
      for (const [id, sound] of sounds) if (sound.timer) tell(id, sound);
      tellVolume();
    },
    playerror(id, error) {
      sounds.get(id)?.session.failed(String(error ?? "play"), sounds.get(id)?.positionMs ?? 0);
    },
    loaderror(id, error) {
      sounds.get(id)?.session.failed(String(error ?? "load"), sounds.get(id)?.positionMs ?? 0);
    },
  };
  const all = Object.entries(listeners) as [HowlEvent, (id: number, error?: unknown) => void][];
  for (const [event, listener] of all) howl.on(event, listener);
  return () => {
    for (const [event, listener] of all) howl.off(event, listener);
    for (const id of [...sounds.keys()]) end(id, "stopped");
  };
}

/** What plays. What the host's own callback does wrong is reported, like a track without an id. */
function read(track: Track | (() => Track)): Track {
  try {
    return { ...(typeof track === "function" ? track() : track) };
  } catch {
    return {} as Track;
  }
}
