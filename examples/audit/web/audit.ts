// An audit in a worker, so that the page stays as quick as it was. This is what another page would import.
import type { Ask, Say } from "./worker.ts";

/** One thing that was found. */
export interface Finding {
  /** What, as a stable word such as `root` or `batch-signature`. */
  fault: string;
  /** Whether it shows that somebody went astray; what is only odd can come about honestly. */
  wrong: boolean;
  /** At which entry, where it is about one. */
  index?: number;
  /** In words. */
  sentence: string;
}

/** What an audit came to. */
export interface Report {
  entries: number;
  batches: number;
  erased_batches: number;
  erased_verdicts: number;
  sessions: number;
  valid: number;
  verdicts: number;
  statements: number;
  wrong: number;
  odd: number;
  findings: Finding[];
}

/** How far an audit has come: entries, and bytes of the export; `total` where it is known. */
export interface Progress {
  entries: number;
  bytes: number;
  total?: number;
}

/** An export: a file, or the address of one, or of a running server with a token of the scope `export:read`. */
export type Source = { file: Blob } | { url: string; token?: string };

/** Audits `source` as an export of the log that has, or had, the verifier key `logKey`. */
export function audit(source: Source, logKey: string, progress: (progress: Progress) => void): Promise<Report> {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const done = new Promise<Report>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Say>) => {
      if ("progress" in data) progress(data.progress);
      else if ("report" in data) resolve(data.report);
      else reject(new Error(data.error));
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message || "the audit could not be started")));
  });
  worker.postMessage({ source, logKey } satisfies Ask);
  return done.finally(() => worker.terminate());
}
