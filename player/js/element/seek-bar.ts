// `<delistening-seek-bar>`: the waveform, what of it is loaded, what was heard, and where playback is.

import type { Player } from "../player.js";
import type { Span } from "../spans.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { SLIDER, Slider } from "./slider.js";
import { COMMON } from "./style.js";
import { clock, spoken } from "./time.js";
import { shape } from "./waveform.js";
import { word } from "./words.js";

const STEP_MS = 5_000;
const PAGE_MS = 30_000;

const STYLE = sheet(`
:host { display: block; }
.field { height: var(--delistening-seek-height, 2.75rem); }
.lines { display: block; width: 100%; height: 100%; overflow: visible; }
.base { fill: var(--delistening-seek-base, var(--_line)); }
.buffered rect { fill: var(--delistening-seek-buffered, color-mix(in srgb, var(--_quiet) 45%, var(--_surface))); }
.heard rect { fill: var(--delistening-seek-heard, color-mix(in srgb, var(--_accent) 50%, var(--_surface))); }
.played { fill: var(--delistening-seek-played, var(--_accent)); }
.thumb { fill: var(--_accent); stroke: var(--_surface); stroke-width: 2px; opacity: 0; }
.field:is(:hover, :has(:focus-visible), .held) .thumb { opacity: 1; }
.field:has(:disabled) .thumb { opacity: 0; }
.above { fill: var(--_ink); opacity: .5; }
.tip {
  position: absolute; bottom: 100%; inset-inline-start: 0; translate: -50% -.375rem; padding: .1875rem .4375rem; border-radius: .375rem;
  color: var(--_surface); background: var(--_ink); font-size: .75rem; line-height: 1.3; font-variant-numeric: tabular-nums; pointer-events: none; white-space: nowrap;
}
:host(:dir(rtl)) .tip { translate: 50% -.375rem; }
@media (prefers-reduced-motion: no-preference) { .thumb { transition: opacity .12s; } }
@media (forced-colors: active) { .base { fill: GrayText; } .buffered rect { fill: GrayText; } .heard rect { fill: ButtonText; } .played, .thumb { fill: Highlight; } .lines { forced-color-adjust: none; } }
`);

const HTML = `
<div class="field" part="seek">
  <svg class="lines" part="waveform" aria-hidden="true">
    <clipPath id="shape"><path/></clipPath>
    <g clip-path="url(#shape)">
      <rect class="base" part="base" height="100%"/>
      <g class="buffered" part="buffered"></g>
      <g class="heard" part="heard"></g>
      <rect class="played" part="played" height="100%"/>
    </g>
    <rect class="above" width="1" height="100%" visibility="hidden"/>
    <circle class="thumb" part="thumb" r="7"/>
  </svg>
  <span class="tip" part="tip" aria-hidden="true" hidden></span>
</div>`;

/**
 * Shows where playback is in the track and goes elsewhere in it. The track's waveform is its shape, where there is one.
 *
 * @tagname delistening-seek-bar
 * @fires {CustomEvent<{ positionMs: number | undefined }>} seekmove - a hand is above this place; undefined when it let go
 * @csspart seek - the bar
 * @csspart waveform - all that is drawn
 * @csspart base - what is none of the following
 * @csspart buffered - what is loaded
 * @csspart heard - what was heard
 * @csspart played - what lies before the place
 * @csspart thumb - the place
 * @csspart tip - the time below a pointer
 * @cssprop --delistening-seek-height - its height
 * @cssprop --delistening-seek-base - the colour of what is none of the following
 * @cssprop --delistening-seek-buffered - the colour of what is loaded
 * @cssprop --delistening-seek-heard - the colour of what was heard
 * @cssprop --delistening-seek-played - the colour of what lies before the place
 */
export class DelisteningSeekBar extends Piece {
  #slider: Slider | undefined;
  #width = 0;
  #height = 0;
  #frame = 0;
  /** What was told last, and when: between, the place moves by the clock. */
  #told = { positionMs: 0, at: 0 };

  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, SLIDER, STYLE);
    root.innerHTML = HTML;
    const field = piece<HTMLElement>(root, ".field");
    this.#slider = new Slider(field, {
      label: word().seek,
      step: STEP_MS,
      page: PAGE_MS,
      moving: (ms) => {
        field.classList.toggle("held", this.#slider?.isHeld);
        this.#showPlace(ms);
        this.#tellMove(this.#slider?.isHeld ? ms : undefined);
      },
      moved: (ms) => {
        field.classList.remove("held");
        this.#tellMove(undefined);
        this.player?.seek(ms);
      },
      above: (ms) => this.#showAbove(ms),
    });
    new ResizeObserver(() => this.#resize(field)).observe(field);
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const place = () => {
      this.#told = { positionMs: player.positionMs, at: performance.now() };
      this.#showTime(player);
      this.#showSpans(player);
      this.#run();
    };
    const all = () => {
      this.#showShape();
      place();
    };
    for (const type of ["timeupdate", "durationchange", "statechange", "seeked", "volumechange"] as const)
      player.addEventListener(type, place, { signal });
    for (const type of ["trackchange", "queuechange", "waveformchange"] as const)
      player.addEventListener(type, all, { signal });
    // What loads while nothing moves is told by nobody.
    const watch = setInterval(() => !document.hidden && this.#showSpans(player), 1_000);
    signal.addEventListener("abort", () => {
      clearInterval(watch);
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
    });
    all();
  }

  /** Where a hand is that has not let go yet. */
  #tellMove(positionMs: number | undefined): void {
    this.dispatchEvent(new CustomEvent("seekmove", { bubbles: true, detail: { positionMs } }));
  }

  #resize(field: HTMLElement): void {
    [this.#width, this.#height] = [field.clientWidth, field.clientHeight];
    piece(this.root, ".lines").setAttribute("viewBox", `0 0 ${this.#width} ${this.#height}`);
    for (const rect of this.root.querySelectorAll(".base, .played, .above"))
      rect.setAttribute("height", String(this.#height));
    piece(this.root, ".base").setAttribute("width", String(this.#width));
    this.#showShape();
    if (!this.player) return;
    this.#showTime(this.player);
    this.#showSpans(this.player);
  }

  #showShape(): void {
    if (this.#width === 0) return;
    const mirrored = this.#slider?.isRightToLeft ?? false;
    piece(this.root, "path").setAttribute("d", shape(this.#width, this.#height, this.player?.waveform, mirrored));
  }

  #showTime({ positionMs, durationMs }: Player): void {
    const slider = this.#slider;
    if (!slider) return;
    slider.max = durationMs;
    if (!slider.isHeld) this.#showPlace(positionMs);
  }

  /** Between two tellings the place moves on by itself, unless less motion is wanted. */
  #run(): void {
    if (this.#frame || this.player?.state !== "playing" || matchMedia("(prefers-reduced-motion: reduce)").matches)
      return;
    const step = () => {
      this.#frame = 0;
      const { player } = this;
      if (player?.state !== "playing" || !this.isConnected) return;
      // It is told some four times a second: whoever is silent for longer has nothing to tell.
      const passedMs = Math.min(400, performance.now() - this.#told.at) * player.rate;
      if (!this.#slider?.isHeld) this.#drawPlace(Math.min(this.#told.positionMs + passedMs, player.durationMs ?? 0));
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #showPlace(ms: number): void {
    const slider = this.#slider;
    if (!slider) return;
    slider.value = ms;
    slider.input.setAttribute("aria-valuetext", word().position(spoken(ms), spoken(this.player?.durationMs)));
    this.#drawPlace(ms);
  }

  #drawPlace(ms: number): void {
    const x = this.#x(ms);
    this.#fill(piece(this.root, ".played"), 0, ms);
    const thumb = piece(this.root, ".thumb");
    thumb.setAttribute("cx", x.toFixed(1));
    thumb.setAttribute("cy", String(this.#height / 2));
  }

  #showSpans({ buffered, heard }: Player): void {
    this.#showRects(piece(this.root, ".buffered"), buffered);
    this.#showRects(piece(this.root, ".heard"), heard);
  }

  #showRects(group: Element, spans: readonly Span[]): void {
    while (group.childElementCount > spans.length) group.lastElementChild?.remove();
    while (group.childElementCount < spans.length)
      group.append(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
    for (const [at, [fromMs, toMs]] of spans.entries()) {
      const rect = group.children[at];
      rect?.setAttribute("height", String(this.#height));
      if (rect) this.#fill(rect, fromMs, toMs);
    }
  }

  #showAbove(ms: number | undefined): void {
    const tip = piece<HTMLElement>(this.root, ".tip");
    tip.hidden = ms === undefined;
    const line = piece(this.root, ".above");
    line.setAttribute("visibility", ms === undefined ? "hidden" : "visible");
    if (ms === undefined) return;
    tip.textContent = clock(ms);
    const x = this.#x(ms);
    line.setAttribute("x", x.toFixed(1));
    const edge = Math.min(tip.offsetWidth / 2, this.#width / 2);
    const from = this.#slider?.isRightToLeft ? this.#width - x : x;
    tip.style.insetInlineStart = `${Math.max(edge, Math.min(this.#width - edge, from))}px`;
  }

  #fill(rect: Element, fromMs: number, toMs: number): void {
    const [a, b] = [this.#x(fromMs), this.#x(toMs)];
    rect.setAttribute("x", Math.min(a, b).toFixed(1));
    rect.setAttribute("width", Math.abs(b - a).toFixed(1));
  }

  #x(ms: number): number {
    const duration = this.player?.durationMs;
    const share = duration ? Math.max(0, Math.min(1, ms / duration)) : 0;
    return (this.#slider?.isRightToLeft ? 1 - share : share) * this.#width;
  }
}
