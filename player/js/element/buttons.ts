// Buttons that move a player: play, previous and next, shuffle, repeat.

import type { Player } from "../player.js";
import type { Repeat } from "../queue.js";
import { type Icon, icon, setIcon } from "./icons.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { COMMON } from "./style.js";
import { word } from "./words.js";

const BUTTONS = sheet(`
:host { display: inline-block; }
button[aria-pressed=true] { color: var(--_accent); }
/* Being on is not said by colour alone. */
button[aria-pressed=true]::after { content: ""; position: absolute; bottom: .25rem; width: .25rem; height: .25rem; border-radius: 50%; background: currentColor; }
.play { width: var(--delistening-play-size, 3.5rem); height: var(--delistening-play-size, 3.5rem); color: var(--_on-accent); background: var(--_accent); }
.play:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_ink)); }
.play:disabled { color: color-mix(in srgb, var(--_ink) 45%, transparent); background: var(--_hover); }
.play svg { width: 46%; height: 46%; }
.ring { position: absolute; inset: -.25rem; border: .1875rem solid transparent; border-radius: 50%; pointer-events: none; }
.waits .ring { border-color: color-mix(in srgb, var(--_accent) 28%, transparent); border-top-color: var(--_accent); }
@media (prefers-reduced-motion: no-preference) { .waits .ring { animation: turn .9s linear infinite; } }
@media (prefers-reduced-motion: reduce) { .waits .ring { border-style: dashed; border-color: var(--_accent); } }
@keyframes turn { to { rotate: 1turn; } }
/* Back and forth follow the direction of the text; play does not, as the arm of time points one way. */
:host(:dir(rtl)) .skips svg { scale: -1 1; }
@media (forced-colors: active) { .play { border: 2px solid ButtonText; } }
`);

/** A button in a shadow root of its own. */
abstract class ButtonPiece extends Piece {
  protected get button(): HTMLButtonElement {
    return piece(this.root, "button");
  }

  protected drawButton(root: ShadowRoot, name: Icon, part: string, more = ""): void {
    wear(root, COMMON, BUTTONS);
    root.innerHTML = `<button type="button" part="button ${part}" class="${part}">${icon(name)}${more}</button>`;
    this.button.addEventListener("click", () => this.player && this.press(this.player));
  }

  protected name(label: string): void {
    if (this.button.getAttribute("aria-label") !== label) this.button.setAttribute("aria-label", label);
  }

  protected abstract press(player: Player): void;
}

/**
 * Plays and pauses; shows that it waits.
 *
 * @tagname delistening-play-button
 * @csspart button - the button
 * @csspart play - the button
 * @cssprop --delistening-play-size - its width and height
 */
export class DelisteningPlayButton extends ButtonPiece {
  protected override draw(root: ShadowRoot): void {
    this.drawButton(root, "play", "play", `<span class="ring"></span>`);
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => {
      const { state } = player;
      const waits = state === "stalled" || state === "loading";
      this.button.classList.toggle("waits", waits);
      this.button.disabled = player.queue.tracks.length === 0;
      this.name(waits || state === "playing" ? word().pause : word().play);
      setIcon(this.button, waits || state === "playing" ? "pause" : "play");
    };
    player.addEventListener("statechange", show, { signal });
    player.addEventListener("queuechange", show, { signal });
    show();
  }

  protected override press(player: Player): void {
    void player.toggle();
  }
}

/**
 * Goes to the next track, or back.
 *
 * @tagname delistening-skip-button
 * @attr {"next" | "previous"} direction - where to; next by default
 * @csspart button - the button
 */
export class DelisteningSkipButton extends ButtonPiece {
  get #isBack(): boolean {
    return this.getAttribute("direction") === "previous";
  }

  protected override draw(root: ShadowRoot): void {
    this.drawButton(root, this.#isBack ? "previous" : "next", "skips");
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => {
      const { tracks, hasNext } = player.queue;
      this.button.disabled = this.#isBack ? tracks.length === 0 : !hasNext;
      this.name(this.#isBack ? word().previous : word().next);
    };
    player.addEventListener("queuechange", show, { signal });
    show();
  }

  protected override press(player: Player): void {
    if (this.#isBack) player.previous();
    else player.next();
  }
}

/**
 * Plays the queue in a random order, or in its own again.
 *
 * @tagname delistening-shuffle-button
 * @csspart button - the button
 */
export class DelisteningShuffleButton extends ButtonPiece {
  protected override draw(root: ShadowRoot): void {
    this.drawButton(root, "shuffle", "shuffle");
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => {
      this.name(word().shuffle);
      this.button.disabled = player.queue.tracks.length < 2;
      this.button.setAttribute("aria-pressed", String(player.queue.shuffled));
    };
    player.addEventListener("queuechange", show, { signal });
    show();
  }

  protected override press({ queue }: Player): void {
    if (queue.shuffled) queue.unshuffle();
    else queue.shuffle();
  }
}

/** What pressing it makes of each way to repeat. */
const AFTER: Record<Repeat, Repeat> = { off: "all", all: "one", one: "off" };

/**
 * Repeats the queue, then the track, then nothing.
 *
 * @tagname delistening-repeat-button
 * @csspart button - the button
 */
export class DelisteningRepeatButton extends ButtonPiece {
  protected override draw(root: ShadowRoot): void {
    this.drawButton(root, "repeat", "repeat");
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => {
      const { repeat, tracks } = player.queue;
      this.name(repeat === "one" ? word().repeatOne : word().repeat);
      setIcon(this.button, repeat === "one" ? "repeatOne" : "repeat");
      this.button.disabled = tracks.length === 0;
      this.button.setAttribute("aria-pressed", String(repeat !== "off"));
    };
    player.addEventListener("queuechange", show, { signal });
    show();
  }

  protected override press({ queue }: Player): void {
    queue.repeat = AFTER[queue.repeat];
  }
}
