// What a page and the worker that analyses a file say to each other.

import type { PlayerErrorCode } from "../errors.js";
import type { Loudness } from "../queue.js";

/** What is known of a file's sound once all of it was decoded. */
export interface Analysis {
  readonly durationMs: number;
  /** How high the sound is over its length, from 0 to 1 at even distances: one to two thousand values. */
  readonly waveform: readonly number[];
  readonly loudness: Loudness;
}

export type Order =
  | { readonly type: "analyse"; readonly src: string }
  | { readonly type: "address"; readonly src?: string };

export type Report =
  /** What is known by now: of the part `share` of the file. */
  | { readonly type: "progress"; readonly waveform: readonly number[]; readonly share: number | undefined }
  | { readonly type: "done"; readonly analysis: Analysis }
  | { readonly type: "expired"; readonly status: number }
  | { readonly type: "failed"; readonly code: PlayerErrorCode; readonly message: string };
