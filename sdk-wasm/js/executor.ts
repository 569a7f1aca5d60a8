// Does what the core asks for: stores, signs, gets tokens, talks with the server, wakes it. What comes of it goes back to
// the core. Decides nothing.

import type { DeviceKey } from "./device-key.js";
import { TelemetryError, textOf } from "./errors.js";
import type { Input } from "./inputs.js";
import type { Settings } from "./options.js";
import type { Notice, Output } from "./outputs.js";
import type { Sink } from "./sink.js";
import type { Storage, StoredRecord } from "./storage/storage.js";
import type { Transport } from "./transport.js";

/** What it does it with. */
export interface Means {
  readonly settings: Settings;
  readonly sink: Sink;
  readonly storage: Storage;
  readonly key: DeviceKey;
  readonly transport: Transport;
}

/** Whom it tells. */
export interface Asker {
  /** What comes back from storage, key, token callback or network, also after the page was left. */
  answer(input: Input): void;
  /** Another tab leads: these are its to send. */
  handOver(records: StoredRecord[]): void;
  /** Nothing is left to send, or sending failed. */
  idle(): void;
}

const TOKEN_TIMEOUT_MS = 30_000;

/** The events of telemetry that the core's notices become. */
const TOLD = { verdict: "verdict", sealed: "batch", acked: "ack", receipt: "receipt", dropped: "dropped" } as const;

export class Executor {
  /** Whether the page is being left: what is sent then has no answer. */
  leaving = false;
  readonly #means: Means;
  readonly #asker: Asker;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(means: Means, asker: Asker) {
    this.#means = means;
    this.#asker = asker;
  }

  execute(output: Output): void {
    switch (output.type) {
      case "store":
        this.#store(output);
        break;
      case "handover":
        this.#asker.handOver(output.records);
        break;
      case "sign":
        this.#sign(output.ticket, output.message);
        break;
      case "need_token":
        this.#token(output.device);
        break;
      case "send":
        this.#send(output);
        break;
      case "fetch":
        this.#fetch(output.ticket, output.path);
        break;
      case "wake_at":
        this.#wake(output.mono_ms);
        break;
      case "notify":
        this.#notify(output.notice);
        break;
    }
  }

  #store({ ticket, puts, deletes }: Extract<Output, { type: "store" }>): void {
    const stored = (ok: boolean) => this.#asker.answer(["stored", ticket, ok]);
    this.#means.storage.write(puts, deletes).then(
      () => stored(true),
      (thrown) => {
        this.#means.sink.trace("not stored", textOf(thrown));
        stored(false);
      },
    );
  }

  #sign(ticket: number, message: string): void {
    const signed = (signature: Uint8Array) => this.#asker.answer(["signed", ticket, signature]);
    const failed = (thrown: unknown) => {
      this.#means.sink.trace("not signed", textOf(thrown));
      this.#asker.answer(["signed", ticket, undefined]);
    };
    try {
      const signature = this.#means.key.sign(new TextEncoder().encode(message));
      if (signature instanceof Uint8Array) signed(signature);
      else signature.then(signed, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #token(device: string): void {
    const { token, listener } = this.#means.settings;
    const request = listener === undefined ? { device } : { device, listener };
    within(TOKEN_TIMEOUT_MS, async () => token(request)).then(
      (value) => this.#asker.answer(["token", String(value)]),
      (thrown) => {
        const why = `the token callback failed: ${textOf(thrown)}`;
        this.#asker.answer(["token_failed", why]);
      },
    );
  }

  #send({ ticket, body, last_chance }: Extract<Output, { type: "send" }>): void {
    const { transport } = this.#means;
    const unanswered: Input = ["network_error", ticket];
    if (this.leaving || (last_chance && !transport.outlivesPage)) {
      this.#means.sink.trace("beacon", { taken: transport.lastChance(body) });
      // A beacon has no answer: should the page live on, the batches go again and are known by then.
      this.#asker.answer(unanswered);
      return;
    }
    void transport.send(body).then((answer) => {
      this.#means.sink.trace("answer", answer?.status ?? "none");
      const { status = 0, retryAfterS, body: text = "" } = answer ?? {};
      const answered: Input = ["response", ticket, status, retryAfterS, text];
      this.#asker.answer(answer ? answered : unanswered);
    });
  }

  #fetch(ticket: number, path: string): void {
    void this.#means.transport.get(path).then((resource) => {
      this.#means.sink.trace("log", { path, status: resource?.status ?? "none" });
      this.#asker.answer(["fetched", ticket, resource?.status, resource?.body]);
    });
  }

  #wake(monoMs: number): void {
    clearTimeout(this.#timer);
    // Browsers take a longer time for none at all.
    const wait = Math.min(Math.max(0, monoMs - performance.now()), 0x7fff_ffff);
    this.#timer = setTimeout(() => this.#asker.answer(["tick"]), wait);
  }

  #notify(notice: Notice): void {
    switch (notice.type) {
      case "event":
        this.#means.sink.tell("event", notice.event);
        break;
      case "error":
        this.#means.sink.error(new TelemetryError(notice.code, notice.detail, notice.action));
        break;
      case "idle":
        this.#asker.idle();
        break;
      default: {
        const { type, ...detail } = notice;
        this.#means.sink.tell(TOLD[type], detail as never);
      }
    }
    this.#means.sink.changed();
  }

  /** Wakes nobody any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function within<T>(ms: number, task: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([task(), late]);
  } finally {
    clearTimeout(timer);
  }
}
