// Vidstack: the media element of its provider is measured, also when the provider changes.

import type { Attachment } from "../attachment.js";
import type { Track } from "../options.js";
import type { Telemetry } from "../telemetry.js";
import { endlessIf } from "./live.js";

/** What is used of a `<media-player>` of Vidstack. */
export interface VidstackLike extends EventTarget {
  readonly state: { readonly live: boolean };
  querySelector(selectors: "audio, video"): Element | null;
}

/** Measures what a Vidstack player plays; gives what ends it. */
export function attachVidstack(telemetry: Telemetry, player: VidstackLike, track: Track | (() => Track)): () => void {
  const timed = endlessIf(() => player.state.live, track);
  let attachment: Attachment | undefined;
  let measured: Element | undefined;
  const attach = () => {
    const media = player.querySelector("audio, video") ?? undefined;
    if (media === measured) return;
    attachment?.detach();
    measured = media;
    attachment = media && telemetry.attach(media as HTMLMediaElement, timed);
  };
  const events = ["provider-setup", "loaded-metadata", "can-play"];
  for (const type of events) player.addEventListener(type, attach);
  attach();
  return () => {
    for (const type of events) player.removeEventListener(type, attach);
    attachment?.detach();
  };
}
