// The class a host uses. Everything in it is guarded: playback is never disturbed by telemetry.

import type { MediaAttachment } from "./attach.js";
import { type Attachment, LazyAttachment } from "./attachment.js";
import type { Now } from "./backlog.js";
import { type Consent, defaultConsent, isConsent } from "./consent.js";
import { TelemetryError, textOf } from "./errors.js";
import { type TelemetryEvents, type TelemetryStatus, TypedEventTarget } from "./events.js";
import type { HostStatus } from "./host.js";
import { uuidV7 } from "./ids.js";
import type { Input } from "./inputs.js";
import { LazyHost } from "./lazy-host.js";
import { watchLifecycle } from "./lifecycle.js";
import type { TelemetryOptions, Track } from "./options.js";
import { type PlaySession, Session, type SessionHost } from "./session.js";
import type { Sink } from "./sink.js";

/**
 * Measures plays. Make one per page; nothing is loaded before the first session or the first idle moment.
 * Outside a page (on a server that renders) it does nothing.
 */
export class Telemetry extends TypedEventTarget {
  /** Resolves when the module runs and the storage is open; rejects with a `TelemetryError` if that failed. */
  readonly ready: Promise<void>;
  readonly #onError: ((error: TelemetryError) => void) | undefined;
  readonly #debug: boolean;
  readonly #sessions = new Set<Session>();
  readonly #attachments = new Map<HTMLMediaElement, LazyAttachment>();
  #Watching: typeof MediaAttachment | undefined;
  readonly #stopWatching: () => void = () => {};
  #host: LazyHost | undefined;
  readonly #options: TelemetryOptions;
  #consent: Consent = "unknown";
  #started: Promise<void> | undefined;
  #settleReady!: { resolve: () => void; reject: (error: TelemetryError) => void };
  #handles = 0;
  #closed = false;
  #statusDue = false;

  constructor(options: TelemetryOptions) {
    super();
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // A host that does not wait for it is not to find an unhandled rejection.
    this.ready.catch(() => {});
    this.#onError = typeof options?.onError === "function" ? options.onError : undefined;
    this.#debug = Boolean(options?.debug);
    // The host checks them, when it is loaded.
    this.#options = { ...options };
    if (typeof document === "undefined") {
      // A server that renders is no mistake of the host's: nothing is reported.
      this.#settleReady.reject(TelemetryError.of("unsupported-environment", "telemetry needs a page", "stop"));
      return;
    }
    const { consent = defaultConsent() } = this.#options;
    if (isConsent(consent)) this.#consent = consent;
    this.#host = this.#newHost();
    if (this.#consent === "denied") void this.forget();
    this.#stopWatching = watchLifecycle({
      hidden: () => {
        this.#tell();
        this.#feed(["hidden"]);
      },
      left: () => this.#guard(undefined, () => this.#leave()),
      restored: () => this.#guard(undefined, () => this.#restore()),
      online: (online) => {
        this.#feed(["online", online]);
        if (online) void this.#start();
        this.#statusChanged();
      },
    });
    whenIdle(() => this.#prepare());
  }

  /** The device id, once it is known. */
  get device(): string | undefined {
    return this.#host?.loaded?.device;
  }

  /** Begins a play that the host tells about itself. */
  session(track: Track, opts: { engine?: string; autoplay?: boolean } = {}): PlaySession {
    return this.#guard(new Session("", 0, DEAF), () => this.#open(track, opts?.engine, opts?.autoplay));
  }

  /** Measures what a media element plays. `track` may be a callback that says what plays at that moment. */
  attach(media: HTMLMediaElement, track: Track | (() => Track)): Attachment {
    return this.#guard(DETACHED, () => {
      if (typeof media?.addEventListener !== "function" || typeof media.currentTime !== "number") {
        this.#invalid("attach(media, track): media must be an audio or video element");
        return DETACHED;
      }
      if (typeof track !== "function" && !track?.id) {
        this.#invalid("attach(media, track): the track must be an object with an id, or a callback that gives one");
        return DETACHED;
      }
      this.#attachments.get(media)?.detach();
      if (!this.#host) return DETACHED;
      const attachment: LazyAttachment = new LazyAttachment(media, track, {
        prepare: () => this.#prepare(),
        open: (current, autoplay) => this.#open(current, "native", autoplay),
        guard: (task) => this.#guard(undefined, task),
        unknownTrack: (what) => this.#report(TelemetryError.of("unknown-track", what, "drop")),
        detached: () => {
          if (this.#attachments.get(media) === attachment) this.#attachments.delete(media);
        },
      });
      this.#attachments.set(media, attachment);
      if (this.#Watching) attachment.watch(this.#Watching);
      return attachment;
    });
  }

  /** What the listener agreed to. */
  get consent(): Consent {
    return this.#consent;
  }

  /**
   * Says what the listener agreed to. Granted: what was held is recorded, and from then on everything. Denied: nothing
   * is recorded any more, and what this device still holds is erased. Unknown: nothing is stored or sent until it is
   * known.
   */
  setConsent(consent: Consent): void {
    this.#guard(undefined, () => {
      if (!isConsent(consent)) return this.#invalid("setConsent(consent): granted, denied or unknown");
      if (!this.#host || this.#closed || consent === this.#consent) return;
      const before = this.#consent;
      this.#consent = consent;
      if (consent === "denied") {
        void this.forget();
      } else if (consent === "granted") {
        // Those that began while nothing was recorded begin anew with the next sign of life.
        if (before === "denied" || this.#options.whileUnknown === "drop") this.#abandonSessions();
        void this.#start();
      } else {
        this.#leave();
        this.#renew();
      }
      this.#statusChanged();
    });
  }

  /**
   * Erases all that this device holds: its key, its plays that were not sent, what it knows of the log. What the server
   * has is the platform's to erase. Unless consent is denied, a new device begins. Never rejects.
   */
  async forget(): Promise<void> {
    const host = this.#host;
    if (!host || this.#closed) return;
    this.#abandonSessions();
    this.#renew();
    await host.forget().catch((thrown: unknown) => {
      if (thrown instanceof TelemetryError) return this.#failed(thrown);
      const why = `this device could not forget everything: ${textOf(thrown)}`;
      this.#report(TelemetryError.of("storage-unavailable", why, "stop", thrown));
    });
    // Should the erased host have been asked to start meanwhile, its successor does.
    if (this.#consent === "granted") void this.#start();
    this.#statusChanged();
  }

  /** Seals and sends now; resolves when nothing is left to send, or sending failed. Never rejects. */
  async flush(): Promise<void> {
    await this.#start();
    this.#tell();
    await this.#host?.loaded?.flush().catch(() => {});
  }

  /** What is stored, sent and acknowledged. */
  status(): TelemetryStatus {
    const nothing: HostStatus = { events: 0, batches: 0, acked: 0, leader: false, storage: "memory", key: undefined };
    const known = this.#guard(undefined, () => this.#host?.loaded?.status());
    const online = typeof navigator === "undefined" || navigator.onLine !== false;
    return { ...nothing, ...known, online, consent: this.#consent };
  }

  /**
   * What proves that the server's log was rewritten, once `log-inconsistent` has told so: the text of a file to keep,
   * which `delistening-ingest evidence` checks for anybody. It holds no play and no listener.
   */
  evidence(): string | undefined {
    return this.#guard(undefined, () => this.#host?.loaded?.evidence());
  }

  /**
   * A person knows that the log was rewritten: believes it anew, from what it shows next on, and goes on sending. The
   * evidence is kept.
   */
  acknowledgeAlarm(): void {
    this.#feed(["acknowledge_alarm"]);
  }

  /** Ends what goes on, sends what it can, and lets go of everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    for (const attachment of [...this.#attachments.values()]) attachment.detach();
    for (const session of [...this.#sessions]) session.end("stopped");
    if (this.#started) await this.flush();
    this.#closed = true;
    this.#stopWatching();
    this.#guard(undefined, () => this.#host?.leave());
  }

  #open(track: Track, engine = "native", autoplay = false): Session {
    if (!this.#host || this.#closed) return new Session("", 0, DEAF);
    if (!this.#records) {
      const unheard = new Session("", 0, { ...DEAF, closed: (session) => this.#sessions.delete(session) });
      this.#sessions.add(unheard);
      return unheard;
    }
    void this.#start();
    this.#handles += 1;
    const session = new Session(uuidV7(), this.#handles, this.#sessionHost);
    this.#sessions.add(session);
    this.#feed(["open_session", session.handle, session.id, JSON.stringify(track ?? null), engine, autoplay]);
    return session;
  }

  readonly #sessionHost: SessionHost = {
    feed: (input, at) => this.#feed(input, at),
    closed: (session: Session) => this.#sessions.delete(session),
    invalid: (what: string) => this.#invalid(what),
  };

  /** Whether what happens is kept, be it in memory until consent is known. */
  get #records(): boolean {
    return (
      this.#consent === "granted" || (this.#consent === "unknown" && (this.#options.whileUnknown ?? "hold") === "hold")
    );
  }

  #abandonSessions(): void {
    for (const session of [...this.#sessions]) session.abandon();
  }

  /** Another host in place of one that has left. */
  #renew(): void {
    if (!this.#host) return;
    this.#host = this.#newHost();
    this.#started = undefined;
  }

  #feed(input: Input, at?: Now): void {
    if (!this.#records) return;
    this.#guard(undefined, () => this.#host?.feed(input, at));
  }

  /** Has the code come that everything else needs. */
  #prepare(): void {
    if (this.#consent === "granted") void this.#start();
    // Nothing begins, but what is wrong with the options is told.
    else this.#host?.load().catch((thrown: unknown) => this.#failed(thrown));
  }

  #start(): Promise<void> {
    if (!this.#host || this.#closed || this.#consent !== "granted") return Promise.resolve();
    this.#started ??= this.#host.start().then(
      () => this.#settleReady.resolve(),
      (thrown: unknown) => {
        // The next session, flush or return of the network tries again.
        this.#started = undefined;
        this.#failed(thrown);
      },
    );
    return this.#started;
  }

  #failed(thrown: unknown): void {
    const error =
      thrown instanceof TelemetryError ? thrown : TelemetryError.of("core-failed", textOf(thrown), "stop", thrown);
    // With options that cannot be used nothing ever begins.
    if (error.code === "invalid-argument") this.#host = undefined;
    this.#settleReady.reject(error);
    this.#report(error);
  }

  #newHost(): LazyHost {
    const sink: Sink = {
      tell: (type, detail) => this.#dispatch(type, detail),
      error: (error) => this.#report(error),
      overflowed: () => {
        const why = "too much happened before the telemetry module was there";
        this.#report(TelemetryError.of("backlog-full", why, "drop"));
      },
      changed: () => this.#statusChanged(),
      forgotten: () => {
        if (this.#closed) return;
        this.#abandonSessions();
        this.#renew();
        void this.#start();
      },
      trace: (what, about) => this.#trace(what, about),
    };
    return new LazyHost(this.#options, sink, (Watching) => {
      this.#Watching = Watching;
      for (const attachment of this.#attachments.values()) this.#guard(undefined, () => attachment.watch(Watching));
    });
  }

  /** Where everything is right now: what follows is worked out from that. */
  #tell(): void {
    for (const attachment of this.#attachments.values()) this.#guard(undefined, () => attachment.tell());
  }

  #leave(): void {
    this.#tell();
    for (const session of [...this.#sessions]) session.end("unloaded");
    this.#host?.leave();
  }

  /** Back from the back/forward cache, where other tabs may have led: begin anew with what is stored. */
  #restore(): void {
    if (this.#closed) return;
    this.#renew();
    void this.#start();
  }

  /** Many changes in one go are told once. */
  #statusChanged(): void {
    if (this.#statusDue) return;
    this.#statusDue = true;
    queueMicrotask(() => {
      this.#statusDue = false;
      this.#dispatch("status", this.status());
    });
  }

  #dispatch<K extends keyof TelemetryEvents>(type: K, detail: TelemetryEvents[K]["detail"]): void {
    this.#trace(type, detail);
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #invalid(what: string): void {
    this.#report(TelemetryError.of("invalid-argument", what, "drop"));
  }

  #report(error: TelemetryError): void {
    try {
      this.#onError?.(error);
    } catch (thrown) {
      this.#trace("onError itself failed", textOf(thrown));
    }
    this.#dispatch("error", error);
  }

  #trace(what: string, about?: unknown): void {
    if (this.#debug) console.debug(`[delistening] ${what}`, about ?? "");
  }

  #guard<T>(otherwise: T, task: () => T): T {
    try {
      return task();
    } catch (thrown) {
      const error =
        thrown instanceof TelemetryError
          ? thrown
          : TelemetryError.of("invalid-argument", textOf(thrown), "drop", thrown);
      this.#report(error);
      return otherwise;
    }
  }
}

const DEAF: SessionHost = { feed() {}, closed() {}, invalid() {} };

const DETACHED: Attachment = { session: undefined, track() {}, detach() {} };

function whenIdle(task: () => void): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(task, { timeout: 2_000 });
  else setTimeout(task, 200);
}
