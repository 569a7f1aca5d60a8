// `<delistening-status>`: what a listener has to know or to do, said where a screen reader hears it.

import type { Player } from "../player.js";
import { icon } from "./icons.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { COMMON } from "./style.js";
import { word } from "./words.js";

const STYLE = sheet(`
:host { display: block; }
.field { display: flex; flex-wrap: wrap; gap: .5rem .625rem; align-items: center; padding: .5rem .75rem; border-radius: .5rem; background: color-mix(in srgb, var(--_accent) 11%, var(--_surface)); font-size: .875em; line-height: 1.35; }
.field.error { color: var(--_danger); background: color-mix(in srgb, var(--_danger) 10%, var(--_surface)); }
/* It takes no room while it is empty, but stays there for screen readers, which watch it. */
.field.empty { position: absolute; padding: 0; background: none; }
.message { flex: 1 1 12rem; margin: 0; overflow-wrap: anywhere; }
svg.icon { flex: none; width: 1.25rem; height: 1.25rem; }
button { width: auto; height: 2rem; padding: 0 .75rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .9375em; font-weight: 600; }
`);

/**
 * Tells why there is no sound where there should be: the browser wants a gesture, the network is waited for, the track
 * cannot be played. Then it offers to try again and to skip it.
 *
 * @tagname delistening-status
 * @csspart message - what is said, with its buttons
 * @csspart button - a button
 */
export class DelisteningStatus extends Piece {
  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, STYLE);
    root.innerHTML = `<div class="field empty" part="message">${icon("alert")}<p class="message" role="status"></p>
<button type="button" class="retry" part="button"></button><button type="button" class="skip" part="button"></button></div>`;
    const on = (selector: string, label: string, does: (player: Player) => void) => {
      const button = piece<HTMLButtonElement>(root, selector);
      button.textContent = label;
      button.addEventListener("click", () => this.player && does(this.player));
    };
    on(".retry", word().retry, (player) => void player.play());
    on(".skip", word().skip, (player) => player.next());
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    let reason = "";
    const show = () => {
      const { state } = player;
      const isError = state === "error";
      const said: Partial<Record<typeof state, string>> = {
        blocked: word().blocked,
        stalled: word().stalled,
        error: word().failed(reason),
      };
      const message = said[state] ?? "";
      const field = piece(this.root, ".field");
      field.classList.toggle("error", isError);
      field.classList.toggle("empty", message === "");
      const text = piece(this.root, ".message");
      if (text.textContent !== message) text.textContent = message;
      piece<SVGElement>(this.root, "svg").toggleAttribute("hidden", !isError);
      piece<HTMLElement>(this.root, ".retry").hidden = !isError;
      piece<HTMLElement>(this.root, ".skip").hidden = !isError || !player.queue.hasNext;
    };
    player.addEventListener(
      "error",
      ({ detail }) => {
        reason = detail.message;
        show();
      },
      { signal },
    );
    player.addEventListener("statechange", show, { signal });
    player.addEventListener("queuechange", show, { signal });
    show();
  }
}
