// Watches a media element and tells a session what it does. Never touches the element. Comes with the host; until then
// attachment.ts stands in for it.

import { type AttachmentHost, type FirstSound, HAVE_FUTURE_DATA, isPlaying } from "./attachment.js";
import { now } from "./backlog.js";
import type { Track } from "./options.js";
import type { Session } from "./session.js";

const FAILURES = ["", "aborted", "network", "decode", "source-not-supported"];
const HAVE_METADATA = 1;
// How long playback may go on unseen and no longer be shown by the element: between two `timeupdate`s.
const UNSEEN_MS = 500;
// A loop is told from a seek by where it comes from.
const LOOP_MS = 1_000;

/** Turns the element's events into the session's signals. */
export class MediaAttachment {
  readonly #media: HTMLMediaElement;
  readonly #host: AttachmentHost;
  readonly #stop = new AbortController();
  #source: Track | (() => Track);
  #session: Session | undefined;
  /** The element's source when the track was given, where the track is not a callback. */
  #trackOf: string | undefined;
  /** Where playback was last known to be, when, and whether it went on from there. */
  #last = { positionMs: 0, at: 0, moving: false };
  /** How fast playback is, as the session knows it. */
  #rate = 1;
  /** Whether it knows that nothing can be heard. */
  #silent = false;
  #seekFromMs: number | undefined;
  #refused = false;

  /** `first`: the first sound, where there was one before this was here. */
  constructor(media: HTMLMediaElement, source: Track | (() => Track), host: AttachmentHost, first?: FirstSound) {
    this.#media = media;
    this.#source = source;
    this.#host = host;
    const events: Record<string, () => void> = {
      playing: () => this.#began(),
      timeupdate: () => this.#timeupdate(),
      pause: () => this.#pause(),
      seeking: () => this.#seeking(),
      seeked: () => this.#seeked(),
      waiting: () => this.#stalled(),
      stalled: () => this.#stalled(),
      ratechange: () => this.#timeupdate(),
      volumechange: () => this.#volume(),
      ended: () => this.#end("completed", this.#now()),
      error: () => this.#failed(),
      emptied: () => this.#end("replaced", this.#last.positionMs),
    };
    const { signal } = this.#stop;
    for (const [type, handle] of Object.entries(events)) {
      media.addEventListener(type, () => this.#host.guard(handle), { signal });
    }
    const visibility = () => {
      this.#timeupdate();
      this.session?.visible(isVisible());
    };
    document.addEventListener("visibilitychange", () => this.#host.guard(visibility), { signal });
    if (first) this.#host.guard(() => this.#catchUp(first));
    else if (isPlaying(media)) this.#began();
  }

  /** Tells of the first sound as of when it came out, and of where playback is since. */
  #catchUp(first: FirstSound): void {
    const session = this.#current();
    if (!session) return;
    session.playing(first.positionMs, first.now);
    this.#last = { positionMs: first.positionMs, at: first.now.mono, moving: true };
    if (this.#media.ended) this.#end("completed", this.#now());
    else if (this.#media.paused) this.#pause();
    else this.#timeupdate();
  }

  get session(): Session | undefined {
    return this.#session?.open ? this.#session : undefined;
  }

  track(track: Track): void {
    this.#end("replaced", this.#estimate());
    this.#refused = false;
    this.#source = track;
    this.#trackOf = undefined;
  }

  detach(): void {
    this.#stop.abort();
    this.#end("stopped", this.#estimate());
  }

  /** Tells where playback is right now. */
  tell(): void {
    this.#timeupdate();
  }

  /** The session of what plays; opens it with the first sound, when the length is known. */
  #current(): Session | undefined {
    if (this.session) return this.#session;
    if (this.#refused) return undefined;
    const media = this.#media;
    // Until something changes, a track that cannot be used is complained about once.
    this.#refused = true;
    const track = this.#track();
    if (!track) return undefined;
    const durationMs = track.durationMs ?? (Number.isFinite(media.duration) ? media.duration * 1000 : undefined);
    const began = navigator.userActivation?.hasBeenActive;
    this.#session = this.#host.open(
      durationMs === undefined ? track : { ...track, durationMs },
      began === undefined ? media.autoplay : !began,
    );
    this.#refused = !this.session;
    this.#rate = 1;
    this.#tellVolume();
    this.#session?.visible(isVisible());
    return this.#session;
  }

  /** A track given once belongs to the source that played then; for another source it would be a wrong count. */
  #track(): Track | undefined {
    if (typeof this.#source === "function") return this.#source();
    const source = sameSource(this.#media.currentSrc);
    this.#trackOf ??= source;
    if (source === this.#trackOf) return this.#source;
    const what = "is not the source whose track was given; call track() or attach with a callback";
    this.#host.unknownTrack(`${this.#media.currentSrc} ${what}`);
    return undefined;
  }

  #began(): void {
    this.#refused = false;
    this.#playing();
  }

  #playing(): void {
    const session = this.#current();
    if (!session || this.#seekFromMs !== undefined) return;
    const [at, when] = [this.#now(), now()];
    this.#tellRate();
    session.playing(at, when);
    this.#last = { positionMs: at, at: when.mono, moving: true };
  }

  #timeupdate(): void {
    if (!isPlaying(this.#media) || this.#seekFromMs !== undefined) return;
    // Since nobody knows when it fell silent, nothing of what was played meanwhile was heard.
    if (isSilent(this.#media) && !this.#silent) this.#tellVolume();
    this.#position();
  }

  #position(): void {
    // Moving without a `playing` before: another track over the same stream, or the end of a seek in a stall.
    if (this.session && this.#last.moving) {
      // Asked once: this runs with every signal, and a page's clock is slower than all the rest of it.
      const [at, when] = [this.#now(), now()];
      this.#tellRate();
      this.#session?.position(at, when);
      this.#last = { positionMs: at, at: when.mono, moving: true };
    } else {
      this.#playing();
    }
  }

  /** How fast playback is comes before where it is: it says how far it can have come. */
  #tellRate(): void {
    const rate = rateOf(this.#media);
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.session?.rate(rate);
  }

  #tellVolume(): void {
    const { volume, muted } = this.#media;
    this.#silent = isSilent(this.#media);
    this.session?.volume(volume, muted);
  }

  #volume(): void {
    // What is told at once is told with the position it happened at.
    const fresh = performance.now() - this.#last.at < UNSEEN_MS;
    if (fresh && isPlaying(this.#media) && this.#seekFromMs === undefined) this.#position();
    else this.#timeupdate();
    this.#tellVolume();
  }

  #pause(): void {
    // At the end of the media `pause` precedes `ended`, which says more.
    if (this.#media.ended || this.#media.readyState < HAVE_METADATA) return;
    this.#tellRate();
    this.session?.paused(this.#seekFromMs ?? this.#now());
    this.#standStill();
  }

  #stalled(): void {
    const media = this.#media;
    if (media.seeking || media.paused || media.readyState >= HAVE_FUTURE_DATA || !this.#last.moving) return;
    this.#tellRate();
    this.session?.stalled(this.#now());
    this.#standStill();
  }

  #seeking(): void {
    if (!this.session || this.#seekFromMs !== undefined) return;
    this.#tellRate();
    const from = this.#estimate();
    const lengthMs = this.#media.duration * 1000;
    if (this.#media.loop && this.#now() < LOOP_MS && lengthMs - from < LOOP_MS) {
      // Once around is one play: the next begins with the next sound.
      this.#end("completed", Math.round(lengthMs));
      return;
    }
    this.#seekFromMs = from;
  }

  #seeked(): void {
    const from = this.#seekFromMs;
    this.#seekFromMs = undefined;
    if (from === undefined || !this.session) return;
    this.#session?.seeked(from, this.#now());
    this.#standStill();
    this.#timeupdate();
  }

  #failed(): void {
    const error = this.#media.error;
    if (!error) return;
    const at = this.#last.positionMs;
    this.session?.failed(FAILURES[error.code] || `media-${error.code}`, at);
    this.#end("stopped", at);
  }

  #end(reason: "completed" | "replaced" | "stopped", positionMs: number): void {
    const session = this.session;
    this.#session = undefined;
    this.#seekFromMs = undefined;
    session?.ended(reason, positionMs);
    this.#last = { positionMs: 0, at: 0, moving: false };
  }

  #now(): number {
    return Math.max(0, Math.round(this.#media.currentTime * 1000)) || 0;
  }

  #standStill(): void {
    this.#last = { positionMs: this.#now(), at: performance.now(), moving: false };
  }

  /** Where playback has come to since it was last known, when the element can no longer tell. */
  #estimate(): number {
    const { positionMs, at, moving } = this.#last;
    if (!moving) return positionMs;
    // The element keeps a list of what it has played; not of a source that is gone.
    const most = playedFrom(positionMs, this.#media.played) ?? UNSEEN_MS * this.#rate;
    return Math.round(positionMs + Math.min((performance.now() - at) * this.#rate, most));
  }
}

/** How many milliseconds from `positionMs` on were played without a gap; `undefined` if nothing was played there. */
function playedFrom(positionMs: number, played: TimeRanges): number | undefined {
  for (let n = 0; n < played.length; n += 1) {
    const [from, to] = [played.start(n) * 1000, played.end(n) * 1000];
    // Positions were rounded.
    if (from - 1 <= positionMs && positionMs <= to + 1) return Math.max(0, to - positionMs);
  }
  return undefined;
}

function isSilent(media: HTMLMediaElement): boolean {
  return media.muted || media.volume === 0;
}

function isVisible(): boolean {
  return document.visibilityState === "visible";
}

function rateOf(media: HTMLMediaElement): number {
  return Math.min(16, Math.max(0, media.playbackRate));
}

/** A source without what changes when a signed address is renewed. Media Source addresses tell nothing. */
function sameSource(url: string): string {
  return url.startsWith("blob:") ? "blob:" : (url.split(/[?#]/, 1)[0] ?? "");
}
