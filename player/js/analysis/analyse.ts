// Finds out how a file's sound looks and how loud it is, by decoding all of it in a worker.

import { PlayerError } from "../errors.js";
import type { Analysis, Order, Report } from "./messages.js";

export type { Analysis } from "./messages.js";

export interface AnalyseOptions {
  /** Ends it: what was begun rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Gives a fresh address for one that has expired. */
  refresh?: (src: string, status: number) => Promise<string | undefined> | string | undefined;
  /** Is told what is known by now: the waveform over the whole length, 0 where nothing is known yet. */
  progress?: (waveform: readonly number[]) => void;
}

/**
 * Decodes a file once and gives its waveform, its loudness by EBU R 128, and its length. Memory does not grow with the
 * length of the file. Rejects with a `PlayerError` where it cannot be fetched or decoded.
 */
export async function analyse(src: string, options: AnalyseOptions = {}): Promise<Analysis> {
  const { signal, refresh, progress } = options;
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "delistening-analysis" });
  const tell = (order: Order) => worker.postMessage(order);
  try {
    return await new Promise<Analysis>((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new PlayerError("unplayable", "the decoder could not run", src));
      };
      worker.onmessage = ({ data }: MessageEvent<Report>) => {
        if (data.type === "progress") progress?.(stretched(data.waveform, data.share));
        else if (data.type === "done") resolve(data.analysis);
        else if (data.type === "failed") reject(new PlayerError(data.code, data.message, src));
        else
          void Promise.resolve(refresh?.(src, data.status))
            .catch(() => undefined)
            .then((fresh) => tell({ type: "address", ...(fresh !== undefined && { src: absolute(fresh) }) }));
      };
      tell({ type: "analyse", src: absolute(src) });
    });
  } finally {
    worker.terminate();
  }
}

/** What is known of a part, over the whole length. */
function stretched(waveform: readonly number[], share: number | undefined): readonly number[] {
  const whole = share && share > 0 && share < 1 ? Math.round(waveform.length / share) : waveform.length;
  return [...waveform, ...new Array<number>(Math.max(0, whole - waveform.length)).fill(0)];
}

function absolute(src: string): string {
  return new URL(src, document.baseURI).href;
}
