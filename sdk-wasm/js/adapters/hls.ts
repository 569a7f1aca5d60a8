// hls.js: its media element is measured; what it has attached, and attaches later.

import type { Attachment } from "../attachment.js";
import type { Track } from "../options.js";
import type { Telemetry } from "../telemetry.js";
import { endlessIf } from "./live.js";

/** What is used of an `Hls` of hls.js. */
export interface HlsLike {
  readonly media: HTMLMediaElement | null;
  readonly levels: readonly { readonly details?: { readonly live: boolean } | undefined }[];
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/**
 * Measures what an hls.js player plays. All its sources look the same from outside, so give a callback that says what
 * plays, or call the returned function and attach again for the next track.
 */
export function attachHls(telemetry: Telemetry, hls: HlsLike, track: Track | (() => Track)): () => void {
  const timed = endlessIf(() => hls.levels.some(({ details }) => details?.live), track);
  let attachment: Attachment | undefined;
  const detach = () => {
    attachment?.detach();
    attachment = undefined;
  };
  const attach = () => {
    detach();
    if (hls.media) attachment = telemetry.attach(hls.media, timed);
  };
  const stop = () => {
    hls.off("hlsMediaAttached", attach);
    hls.off("hlsMediaDetaching", detach);
    hls.off("hlsDestroying", stop);
    detach();
  };
  hls.on("hlsMediaAttached", attach);
  hls.on("hlsMediaDetaching", detach);
  hls.on("hlsDestroying", stop);
  attach();
  return stop;
}
