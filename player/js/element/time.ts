// Times for eyes and for ears, and `<delistening-time>`, which shows one.

import type { Player } from "../player.js";
import { Piece } from "./piece.js";
import { word } from "./words.js";

function parts(ms: number): [number, number, number] {
  const all = Math.floor(ms / 1000);
  return [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
}

/** `3:07`, or `1:02:09`. */
export function clock(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "–:––";
  const [hours, minutes, seconds] = parts(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** `3 minutes 7 seconds`. */
export function spoken(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return word().unknownDuration;
  return word().duration(...parts(ms));
}

/**
 * A time of the track: where it is, how long it is, or how much is left.
 *
 * @tagname delistening-time
 * @attr {"position" | "duration" | "remaining"} type - which time; the position by default
 */
export class DelisteningTime extends Piece {
  #previewMs: number | undefined;

  /** Shows another place than the player's, while a hand is looking for one. */
  preview(ms: number | undefined): void {
    this.#previewMs = ms;
    if (this.player) this.#show(this.player);
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => this.#show(player);
    for (const type of ["timeupdate", "durationchange", "trackchange", "queuechange"] as const)
      player.addEventListener(type, show, { signal });
    show();
  }

  #show(player: Player): void {
    const { durationMs } = player;
    const positionMs = this.#previewMs ?? player.positionMs;
    const type = this.getAttribute("type");
    const remaining = durationMs === undefined ? undefined : Math.max(0, durationMs - positionMs);
    const ms = type === "duration" ? durationMs : type === "remaining" ? remaining : positionMs;
    const text = type === "remaining" && ms !== undefined ? `−${clock(ms)}` : clock(ms);
    if (this.root.textContent !== text) this.root.textContent = text;
  }
}
