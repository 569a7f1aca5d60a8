// `<delistening-queue>`: the tracks in their order, to be played and to be taken out.

import type { Player } from "../player.js";
import { icon } from "./icons.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { COMMON } from "./style.js";
import { clock } from "./time.js";
import { word } from "./words.js";

const STYLE = sheet(`
:host { display: block; }
ol { max-height: var(--delistening-queue-height, 17rem); margin: 0; padding: .125rem; overflow: auto; list-style: none; scrollbar-width: thin; scrollbar-color: var(--_line) transparent; }
li { display: flex; align-items: center; border-radius: .5rem; }
li:hover { background: var(--_hover); }
.row { display: grid; grid-template-columns: 1.75rem minmax(0, 1fr) auto; gap: .5rem; place-items: center stretch; flex: 1; width: auto; min-width: 0; height: auto; min-height: 2.875rem; padding: .3125rem .5rem .3125rem .25rem; border-radius: .5rem; text-align: start; }
.row:hover { background: none; }
.row:active { transform: none; }
.place { color: var(--_quiet); font-size: .8125em; text-align: center; font-variant-numeric: tabular-nums; }
.names { min-width: 0; line-height: 1.3; }
.names span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.artist, .length { color: var(--_quiet); font-size: .8125em; }
.length { font-variant-numeric: tabular-nums; }
[aria-current=true] .title { color: var(--_accent); font-weight: 600; }
[aria-current=true] .number, .bars { display: none; }
[aria-current=true] .bars { display: inline-flex; gap: .125rem; align-items: flex-end; height: .875rem; }
.bars i { width: .1875rem; height: 35%; border-radius: 1px; background: var(--_accent); }
.bars i:nth-child(2) { height: 90%; } .bars i:nth-child(3) { height: 60%; }
.remove { flex: none; width: 2.25rem; height: 2.25rem; margin-inline-end: .25rem; color: var(--_quiet); opacity: 0; }
.remove svg { width: 1.125rem; height: 1.125rem; }
li:hover .remove, .remove:focus-visible { opacity: 1; }
@media (pointer: coarse) { .remove { opacity: 1; } }
@media (prefers-reduced-motion: no-preference) {
  .playing [aria-current=true] .bars i { animation: dance .9s ease-in-out infinite alternate; }
  .bars i:nth-child(2) { animation-delay: -.35s !important; } .bars i:nth-child(3) { animation-delay: -.7s !important; }
}
@keyframes dance { from { height: 20%; } to { height: 100%; } }
@media (forced-colors: active) { .bars i { background: Highlight; forced-color-adjust: none; } }
`);

/**
 * The queue: a row plays its track, and its cross takes it out.
 *
 * @tagname delistening-queue
 * @csspart queue - the list
 * @csspart row - the button of a track
 * @csspart remove - the cross of a track
 * @cssprop --delistening-queue-height - how high it is at most
 */
export class DelisteningQueue extends Piece {
  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, STYLE);
    root.innerHTML = `<ol part="queue"></ol>`;
    const list = piece<HTMLElement>(root, "ol");
    list.setAttribute("aria-label", word().queue);
    list.addEventListener("click", ({ target }) => {
      const button = (target as Element).closest("button");
      if (!button || !this.player) return;
      const place = Number(button.dataset.place);
      if (button.matches(".remove")) this.#remove(this.player, place);
      else void this.player.playAt(place);
    });
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const showState = () => {
      piece(this.root, "ol").classList.toggle("playing", player.state === "playing");
    };
    player.addEventListener("queuechange", () => this.#show(player), { signal });
    player.addEventListener("trackchange", () => this.#show(player), { signal });
    player.addEventListener("statechange", showState, { signal });
    this.#show(player);
    showState();
  }

  #remove(player: Player, place: number): void {
    player.queue.remove(place);
    // The keyboard stays in the list.
    const rows = this.root.querySelectorAll<HTMLElement>(".remove");
    (rows[Math.min(place, rows.length - 1)] ?? this).focus();
  }

  #show({ queue: { tracks, index } }: Player): void {
    const list = piece<HTMLElement>(this.root, "ol");
    // The rows are kept and written anew, so that whoever stands on one with the keyboard stays there.
    while (list.children.length > tracks.length) list.lastElementChild?.remove();
    while (list.children.length < tracks.length) list.append(row(list.children.length));
    for (const [place, item] of [...list.children].entries()) {
      const track = tracks[place];
      if (!track) continue;
      const set = (selector: string, text: string) => {
        const part = piece<HTMLElement>(item, selector);
        if (part.textContent !== text) part.textContent = text;
      };
      const title = track.title ?? track.id;
      set(".title", title);
      set(".artist", track.artist ?? "");
      set(".length", track.durationMs === undefined ? "" : clock(track.durationMs));
      piece(item, ".row").setAttribute("aria-current", String(place === index));
      piece(item, ".remove").setAttribute("aria-label", word().remove(title));
    }
  }
}

function row(place: number): HTMLLIElement {
  const item = document.createElement("li");
  item.innerHTML = `<button type="button" class="row" part="row" data-place="${place}">
<span class="place" aria-hidden="true"><span class="number">${place + 1}</span><span class="bars"><i></i><i></i><i></i></span></span>
<span class="names"><span class="title" dir="auto"></span><span class="artist" dir="auto"></span></span><span class="length"></span></button>
<button type="button" class="remove" part="remove" data-place="${place}">${icon("remove")}</button>`;
  return item;
}
