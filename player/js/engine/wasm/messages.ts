// What the page, the worker that decodes and the worklet that sounds say to each other. Places in the output are
// counted in frames since the worker began and never go back: a seek leaves out, it does not rewind.

import type { PlayerErrorCode } from "../../errors.js";
import type { Loudness } from "../../queue.js";

/** The page to the worker. */
export type Order =
  /** Where sound goes: the worklet's port, and, where pages may share memory, the ring. */
  | { readonly type: "connect"; readonly port: MessagePort; readonly ring?: SharedArrayBuffer; readonly rate: number }
  /** Another track, in the place of all that was written. */
  | {
      readonly type: "load";
      readonly id: number;
      readonly src: string;
      readonly positionMs: number;
      readonly seek?: number;
    }
  /** The track that follows on the present one without a gap; none any more without `src`. */
  | { readonly type: "prepare"; readonly id: number; readonly src?: string }
  | {
      readonly type: "seek";
      readonly id: number;
      readonly positionMs: number;
      readonly seek: number;
      readonly speed: number;
    }
  | {
      readonly type: "set";
      readonly speed: number;
      readonly keepPitch: boolean;
      readonly crossfadeMs: number;
      readonly gain: GainMode;
    }
  /** How loud a file is, for when it begins. */
  | { readonly type: "hint"; readonly src: string; readonly loudness: Loudness }
  /** The answer to `expired`. */
  | { readonly type: "address"; readonly id: number; readonly src?: string }
  | { readonly type: "stop" };

/** What of a file's tags sets how loud it is played. */
export type GainMode = "off" | "track" | "album";

/** The worker to the page. */
export type Report =
  | { readonly type: "opened"; readonly id: number; readonly rate: number; readonly durationMs?: number }
  | { readonly type: "length"; readonly id: number; readonly durationMs: number }
  /** From frame `at` of the output on, it is track `id` from `positionMs` on, at `speed`. */
  | {
      readonly type: "mark";
      readonly at: number;
      readonly id: number;
      readonly positionMs: number;
      readonly speed: number;
      readonly seek?: number;
    }
  /** A seek was for a track that is decoded already, and the next with it: it has to be loaded again. */
  | { readonly type: "passed"; readonly id: number; readonly positionMs: number; readonly seek: number }
  /** The output ends with frame `at`. */
  | { readonly type: "end"; readonly at: number }
  | { readonly type: "buffered"; readonly id: number; readonly untilMs: number }
  /** The server refuses the address: is there a fresh one? */
  | { readonly type: "expired"; readonly id: number; readonly status: number }
  | {
      readonly type: "failed";
      readonly id: number;
      readonly code: PlayerErrorCode;
      readonly message: string;
      /** Whether the worker is of no use any more. */
      readonly fatal: boolean;
    };

/** The worker to the worklet. */
export type Feed =
  | { readonly type: "chunk"; readonly at: number; readonly planes: readonly Float32Array<ArrayBuffer>[] }
  /** Nothing before `at` is sounded any more. */
  | { readonly type: "flush"; readonly at: number }
  | { readonly type: "end"; readonly at: number | undefined };

/** The worklet to the worker, and, with more, to the page. */
export interface Rendered {
  /** Frames of the output that were sounded or left out. */
  readonly at: number;
  /** Frames that left for the speakers. */
  readonly heard: number;
  /** Times that sound was wanted and there was none. */
  readonly glitches: number;
  readonly starving: boolean;
  readonly ended: boolean;
  /** Whether nothing is sounded until the next flush. */
  readonly holding: boolean;
}

/** The page to the worklet: whether to sound; `hold` waits for the next flush. */
export interface Command {
  readonly running?: boolean;
  readonly hold?: boolean;
}

/** Channels of the output. */
export const CHANNELS = 2;
/** Words before the samples in the ring: frames read, frames written, frames to be left out. */
export const RING_HEADER = 3;
