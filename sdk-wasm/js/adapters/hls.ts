// hls.js: its media element is measured; what it has attached, and attaches later.

import type { Attachment } from "../attachment.js";
import type { Track } from "../options.js";
import type { Telemetry } from "../telemetry.js";

/** What is used of an `Hls` of hls.js. */
export interface HlsLike {
  readonly media: HTMLMediaElement | null;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/**
 * Measures what an hls.js player plays. All its sources look the same from outside, so give a callback that says what
 * plays, or call the returned function and attach again for the next track.
 */
export function attachHls(telemetry: Telemetry, hls: HlsLike, track: Track | (() => Track)): () => void {
  let attachment: Attachment | undefined;
  const detach = () => {
    attachment?.detach();
    attachment = undefined;
  };
  const attach = () => {
    detach();
    if (hls.media) attachment = telemetry.attach(hls.media, track);
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
