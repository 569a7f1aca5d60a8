// `<delistening-player>` and its pieces. Importing this module registers them in a browser, and does nothing elsewhere.

import {
  DelisteningPlayButton,
  DelisteningRepeatButton,
  DelisteningShuffleButton,
  DelisteningSkipButton,
} from "./buttons.js";
import { DelisteningPlayer } from "./element.js";
import { DelisteningArtwork, DelisteningTitle } from "./now.js";
import { DelisteningQueue } from "./queue-list.js";
import { DelisteningSeekBar } from "./seek-bar.js";
import { DelisteningStatus } from "./status.js";
import { DelisteningTime } from "./time.js";
import { DelisteningVolume } from "./volume.js";

export { Piece } from "./piece.js";
export { setWords, type Words } from "./words.js";
export {
  DelisteningArtwork,
  DelisteningPlayButton,
  DelisteningPlayer,
  DelisteningQueue,
  DelisteningRepeatButton,
  DelisteningSeekBar,
  DelisteningShuffleButton,
  DelisteningSkipButton,
  DelisteningStatus,
  DelisteningTime,
  DelisteningTitle,
  DelisteningVolume,
};

const ELEMENTS = {
  "delistening-artwork": DelisteningArtwork,
  "delistening-title": DelisteningTitle,
  "delistening-play-button": DelisteningPlayButton,
  "delistening-skip-button": DelisteningSkipButton,
  "delistening-shuffle-button": DelisteningShuffleButton,
  "delistening-repeat-button": DelisteningRepeatButton,
  "delistening-seek-bar": DelisteningSeekBar,
  "delistening-time": DelisteningTime,
  "delistening-volume": DelisteningVolume,
  "delistening-queue": DelisteningQueue,
  "delistening-status": DelisteningStatus,
} as const;

/** Registers the element, under another name where that is wanted, and its pieces; once, where there are elements. */
export function registerElement(name = "delistening-player"): void {
  const elements = globalThis.customElements;
  if (!elements) return;
  // The element first: its pieces look for it when they are made.
  if (!elements.get(name))
    elements.define(name, elements.getName(DelisteningPlayer) ? class extends DelisteningPlayer {} : DelisteningPlayer);
  for (const [tag, made] of Object.entries(ELEMENTS)) if (!elements.get(tag)) elements.define(tag, made);
}

registerElement();
