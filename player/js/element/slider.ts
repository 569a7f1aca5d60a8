// What is dragged along a line, by pointer or finger, or moved by keys. The browser's own range input stands behind it
// for keyboards and screen readers; a hand on it is followed here, as browsers differ in that.

import { sheet } from "./piece.js";

/** How a slider is moved. */
export interface SliderOptions {
  /** What a screen reader calls it. */
  label: string;
  /** How far an arrow moves it. */
  step: number;
  /** How far a page key moves it. */
  page: number;
  /** It is being moved: not yet for good while it is dragged. */
  moving(value: number): void;
  /** It was moved, and let go of. */
  moved(value: number): void;
  /** Where a pointer is above it, as a value; undefined when it has gone. */
  above?(value: number | undefined): void;
}

export const SLIDER = sheet(`
.slider { position: relative; cursor: pointer; touch-action: pan-y; user-select: none; -webkit-user-select: none; }
.slider input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; pointer-events: none; }
.slider:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 3px; border-radius: .375rem; }
.slider:has(:disabled) { cursor: default; }
`);

export class Slider {
  /** What a screen reader knows. */
  readonly input = document.createElement("input");
  readonly #field: HTMLElement;
  readonly #options: SliderOptions;
  /** The pointer that holds it, and the value that it had before. */
  #held: { readonly pointer: number; readonly before: number } | undefined;

  /** Makes `field` a slider: it is as long as the values are many. */
  constructor(field: HTMLElement, options: SliderOptions) {
    this.#field = field;
    this.#options = options;
    const { input } = this;
    Object.assign(input, { type: "range", min: "0", max: "0", step: "any", value: "0", disabled: true });
    input.setAttribute("aria-label", options.label);
    field.classList.add("slider");
    field.append(input);
    // What a screen reader moves by itself comes as these.
    input.addEventListener("change", () => options.moved(Number(input.value)));
    input.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("pointerdown", (event) => this.#down(event));
    field.addEventListener("pointermove", (event) => this.#move(event));
    field.addEventListener("pointerup", (event) => this.#up(event));
    field.addEventListener("pointercancel", () => this.#cancel());
    field.addEventListener("pointerleave", () => !this.#held && options.above?.(undefined));
  }

  /** Whether somebody drags it: what it shows is the hand's then. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  get value(): number {
    return Number(this.input.value);
  }

  set value(value: number) {
    this.input.value = String(value);
  }

  /** The greatest value; without one, it cannot be moved. */
  set max(max: number | undefined) {
    this.input.max = String(max ?? 0);
    this.input.disabled = max === undefined;
  }

  get isRightToLeft(): boolean {
    return getComputedStyle(this.#field).direction === "rtl";
  }

  /** The value below a place on the screen. */
  #valueAt(x: number): number {
    const { left, width } = this.#field.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (x - left) / (width || 1)));
    return (this.isRightToLeft ? 1 - share : share) * Number(this.input.max);
  }

  #down(event: PointerEvent): void {
    if (this.input.disabled || event.button !== 0 || this.#held) return;
    this.#held = { pointer: event.pointerId, before: this.value };
    this.#field.setPointerCapture(event.pointerId);
    this.input.focus({ preventScroll: true });
    this.#hold(event);
  }

  #move(event: PointerEvent): void {
    if (this.#held?.pointer === event.pointerId) this.#hold(event);
    // A finger is not above anything before it touches.
    else if (!this.#held && !this.input.disabled && event.pointerType !== "touch")
      this.#options.above?.(this.#valueAt(event.clientX));
  }

  #hold(event: PointerEvent): void {
    this.value = this.#valueAt(event.clientX);
    this.#options.above?.(this.value);
    this.#options.moving(this.value);
  }

  #up(event: PointerEvent): void {
    if (this.#held?.pointer !== event.pointerId) return;
    this.#held = undefined;
    if (event.pointerType === "touch") this.#options.above?.(undefined);
    this.#options.moved(this.value);
  }

  /** The hand was taken away by something else: as if it had not been there. */
  #cancel(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#options.above?.(undefined);
    this.value = held.before;
    this.#options.moving(held.before);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { step, page } = this.#options;
    const forward = this.isRightToLeft ? -step : step;
    const max = Number(this.input.max);
    const moves: Record<string, number> = {
      ArrowRight: this.value + forward,
      ArrowLeft: this.value - forward,
      ArrowUp: this.value + step,
      ArrowDown: this.value - step,
      PageUp: this.value + page,
      PageDown: this.value - page,
      Home: 0,
      End: max,
    };
    const to = moves[event.key];
    if (event.key === "Escape" && this.#held) this.#cancel();
    else if (to === undefined) return;
    else {
      this.value = Math.max(0, Math.min(max, to));
      this.#options.moved(this.value);
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
