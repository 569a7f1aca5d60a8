// `<delistening-volume>`: how loud it is, and whether it is heard at all.

import type { Player } from "../player.js";
import { icon, setIcon } from "./icons.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { SLIDER, Slider } from "./slider.js";
import { COMMON } from "./style.js";
import { word } from "./words.js";

const STYLE = sheet(`
:host { display: inline-flex; align-items: center; gap: .25rem; }
.level { width: var(--delistening-volume-width, 5.5rem); height: 2rem; }
.level::before, .fill { content: ""; position: absolute; top: calc(50% - .1875rem); inset-inline: 0; height: .375rem; border-radius: .1875rem; background: var(--_line); }
.fill { inset-inline-end: auto; width: calc(var(--_level) * 100%); background: var(--_quiet); }
.level:is(:hover, :has(:focus-visible)) .fill { background: var(--_accent); }
.knob { position: absolute; top: calc(50% - .4375rem); inset-inline-start: calc(var(--_level) * (100% - .875rem)); width: .875rem; height: .875rem; border-radius: 50%; background: var(--_accent); opacity: 0; }
.level:is(:hover, :has(:focus-visible)) .knob { opacity: 1; }
/* Where fingers are used, the device has its own keys for it. */
@media (pointer: coarse) { .level { display: none; } }
@media (forced-colors: active) { .level::before { background: GrayText; } .fill, .knob { background: Highlight; forced-color-adjust: none; } }
`);

/**
 * A button that mutes, and a slider for the volume.
 *
 * @tagname delistening-volume
 * @csspart button - the button that mutes
 * @csspart level - the slider
 * @cssprop --delistening-volume-width - how long the slider is; 0 for none
 */
export class DelisteningVolume extends Piece {
  #slider: Slider | undefined;

  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, SLIDER, STYLE);
    root.innerHTML = `<button type="button" part="button" class="mute">${icon("loud")}</button>
<div class="level" part="level"><span class="fill"></span><span class="knob"></span></div>`;
    const mute = piece<HTMLButtonElement>(root, ".mute");
    mute.setAttribute("aria-label", word().mute);
    mute.addEventListener("click", () => {
      if (this.player) this.player.muted = !this.player.muted;
    });
    const set = (volume: number) => {
      if (!this.player) return;
      this.player.volume = Math.round(volume * 100) / 100;
      this.player.muted = false;
    };
    this.#slider = new Slider(piece(root, ".level"), {
      label: word().volume,
      step: 0.05,
      page: 0.2,
      moving: set,
      moved: set,
    });
    this.#slider.max = 1;
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => this.#show(player);
    player.addEventListener("volumechange", show, { signal });
    show();
  }

  #show({ volume, muted }: Player): void {
    const slider = this.#slider;
    if (!slider) return;
    if (!slider.isHeld) slider.value = volume;
    piece<HTMLElement>(this.root, ".level").style.setProperty("--_level", String(muted ? 0 : volume));
    slider.input.setAttribute("aria-valuetext", muted ? word().muted : `${Math.round(volume * 100)} %`);
    const mute = piece(this.root, ".mute");
    mute.setAttribute("aria-pressed", String(muted));
    setIcon(mute, muted || volume === 0 ? "muted" : volume < 0.5 ? "quiet" : "loud");
  }
}
