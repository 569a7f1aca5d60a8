import type { Track } from "@delistening/sdk";
import { untrack } from "svelte";
import { telemetry } from "./telemetry.js";

/** An attachment for the media element that plays `track`: `<audio {@attach measured(() => track)}>`. */
export function measured(track: () => Track): (media: HTMLMediaElement) => () => void {
  return (media) => {
    // Another track is no reason to attach anew.
    const attachment = telemetry.attach(media, () => untrack(track));
    return () => attachment.detach();
  };
}
