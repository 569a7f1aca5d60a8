// The worker that decodes: made when it is first needed, and anew after a fault of its own.

import type { Order, Report } from "./messages.js";

export class Thread {
  #worker: Worker | undefined;
  readonly #hear: (report: Report) => void;
  readonly #begun: () => void;

  /** `hear` is told what it reports, an end by a fault too; `begun` is called when there is one, before its first order. */
  constructor(hear: (report: Report) => void, begun: () => void) {
    this.#hear = hear;
    this.#begun = begun;
  }

  order(order: Order): void {
    const transfer = order.type === "connect" ? [order.port] : [];
    this.#ensure().postMessage(order, transfer);
  }

  /** Orders what is of no use where there is none yet. */
  orderIfAny(order: Order): void {
    this.#worker?.postMessage(order);
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ensure(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "delistening-player" });
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (worker === this.#worker) this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker !== this.#worker) return;
      // Whatever it was at.
      this.#hear({ type: "failed", id: 0, code: "unplayable", message: "the decoder could not run", fatal: true });
    };
    this.#worker = worker;
    this.#begun();
    return worker;
  }
}
