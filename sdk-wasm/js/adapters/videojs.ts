// video.js: the element of its HTML5 tech is measured, also when the tech is made anew.

import type { Attachment } from "../attachment.js";
import type { Track } from "../options.js";
import type { Telemetry } from "../telemetry.js";
import { endlessIf } from "./live.js";

/** What is used of a player of video.js. */
export interface VideoJsLike {
  ready(listener: () => void): void;
  el(): Element | null | undefined;
  duration(): number | undefined;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** Measures what a video.js player plays; gives what ends it. */
export function attachVideoJs(telemetry: Telemetry, player: VideoJsLike, track: Track | (() => Track)): () => void {
  const timed = endlessIf(() => player.duration() === Number.POSITIVE_INFINITY, track);
  let attachment: Attachment | undefined;
  let measured: HTMLMediaElement | undefined;
  let stopped = false;
  const attach = () => {
    const media = player.el()?.querySelector<HTMLMediaElement>("audio, video") ?? undefined;
    if (stopped || media === measured) return;
    attachment?.detach();
    measured = media;
    attachment = media && telemetry.attach(media, timed);
  };
  const stop = () => {
    stopped = true;
    player.off("loadstart", attach);
    player.off("dispose", stop);
    attachment?.detach();
  };
  player.on("loadstart", attach);
  player.on("dispose", stop);
  player.ready(attach);
  return stop;
}
