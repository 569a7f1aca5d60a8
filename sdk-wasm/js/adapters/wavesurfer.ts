// wavesurfer.js: the media element it draws is measured.

import type { Attachment } from "../attachment.js";
import type { Track } from "../options.js";
import type { Telemetry } from "../telemetry.js";

/** What is used of a wavesurfer.js. */
export interface WaveSurferLike {
  getMediaElement(): HTMLMediaElement | null;
  on(event: "destroy", listener: () => void): unknown;
}

/**
 * Measures what a wavesurfer.js plays. The element may load from memory, where sources look alike: for another track call
 * `track()` of what this gives, or give a callback.
 */
export function attachWaveSurfer(
  telemetry: Telemetry,
  surfer: WaveSurferLike,
  track: Track | (() => Track),
): Attachment {
  const attachment = telemetry.attach(surfer.getMediaElement() as HTMLMediaElement, track);
  surfer.on("destroy", () => attachment.detach());
  return attachment;
}
