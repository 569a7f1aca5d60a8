// Stands in for what watches a media element until that is there: a page that plays nothing does not load it.

import type { MediaAttachment } from "./attach.js";
import { type Now, now } from "./backlog.js";
import type { Track } from "./options.js";
import type { PlaySession, Session } from "./session.js";

/** A media element that is watched. */
export interface Attachment {
  /** The play that goes on; `undefined` before the first sound and after the end. */
  readonly session: PlaySession | undefined;
  /** Says what plays from now on; the session of another track ends as `replaced`. */
  track(track: Track): void;
  /** Stops watching; an open session ends as `stopped`. */
  detach(): void;
}

/** What an attachment needs from its telemetry. */
export interface AttachmentHost {
  /** Has what watches media elements come, if it is not there yet. */
  prepare(): void;
  open(track: Track, autoplay: boolean): Session | undefined;
  /** Runs what could throw (the host's own callback among it) and reports instead. */
  guard(task: () => void): void;
  /** `what`: a sentence. */
  unknownTrack(what: string): void;
  detached(): void;
}

/** Where and when sound first came out. */
export interface FirstSound {
  readonly positionMs: number;
  readonly now: Now;
}

export const HAVE_FUTURE_DATA = 3;

/** Notices the first sound, and then what the element does is watched. */
export class LazyAttachment implements Attachment {
  readonly #media: HTMLMediaElement;
  #source: Track | (() => Track);
  readonly #host: AttachmentHost;
  readonly #stop = new AbortController();
  #watching: MediaAttachment | undefined;
  #first: FirstSound | undefined;

  constructor(media: HTMLMediaElement, source: Track | (() => Track), host: AttachmentHost) {
    this.#media = media;
    this.#source = source;
    this.#host = host;
    const { signal } = this.#stop;
    media.addEventListener("playing", () => this.#sounds(), { signal });
    media.addEventListener("emptied", () => this.#silent(), { signal });
    if (isPlaying(media)) this.#sounds();
  }

  get session(): PlaySession | undefined {
    return this.#watching?.session;
  }

  track(track: Track): void {
    this.#source = track;
    this.#watching?.track(track);
  }

  detach(): void {
    this.#stop.abort();
    this.#watching?.detach();
    this.#host.detached();
  }

  /** Tells where playback is right now. */
  tell(): void {
    this.#watching?.tell();
  }

  /** What watches media elements is there. */
  watch(Watching: typeof MediaAttachment): void {
    this.#stop.abort();
    this.#watching ??= new Watching(this.#media, this.#source, this.#host, this.#first);
  }

  #sounds(): void {
    this.#first ??= { positionMs: Math.round(this.#media.currentTime * 1000), now: now() };
    this.#host.prepare();
  }

  #silent(): void {
    this.#first = undefined;
  }
}

export function isPlaying(media: HTMLMediaElement): boolean {
  return !media.paused && !media.ended && !media.seeking && media.readyState >= HAVE_FUTURE_DATA;
}
