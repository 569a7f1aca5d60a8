import type { Track } from "@delistening/sdk";
import { useCallback, useLayoutEffect, useRef } from "react";
import { telemetry } from "./telemetry.js";

/** A `ref` for the media element that plays `track`: what is heard of it is measured as long as the element is there. */
export function useMeasured(track: Track): (media: HTMLMediaElement | null) => (() => void) | undefined {
  const playing = useRef(track);
  useLayoutEffect(() => {
    playing.current = track;
  }, [track]);
  return useCallback((media) => {
    if (!media) return undefined;
    const attachment = telemetry.attach(media, () => playing.current);
    return () => attachment.detach();
  }, []);
}
