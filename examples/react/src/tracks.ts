import type { Track } from "@delistening/sdk";

/** What the page offers. */
export interface Listed extends Track {
  readonly title: string;
  readonly src: string;
}

export const TRACKS: readonly [Listed, Listed] = [
  { id: "doorbell-sunrise", title: "Doorbell Sunrise", artist: "house-band", src: "/music/doorbell-sunrise.mp3" },
  { id: "paper-lanterns", title: "Paper Lanterns", artist: "house-band", src: "/music/paper-lanterns.mp3" },
];
