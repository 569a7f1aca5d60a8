// What plays: `<delistening-artwork>` and `<delistening-title>`.

import type { Player } from "../player.js";
import { icon } from "./icons.js";
import { Piece, piece, sheet, wear } from "./piece.js";
import { COMMON } from "./style.js";
import { word } from "./words.js";

const ARTWORK = sheet(`
:host { display: block; width: var(--delistening-artwork-size, 4.5rem); aspect-ratio: 1; }
.field { position: relative; display: grid; place-items: center; width: 100%; height: 100%; overflow: hidden; border-radius: var(--delistening-artwork-radius, .5rem); color: color-mix(in srgb, var(--_accent) 70%, var(--_surface)); background: linear-gradient(135deg, color-mix(in srgb, var(--_accent) 22%, var(--_surface)), color-mix(in srgb, var(--_accent) 8%, var(--_surface))); }
svg.icon { width: 38%; height: 38%; }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
`);

/**
 * The track's picture, or a note where there is none.
 *
 * @tagname delistening-artwork
 * @csspart artwork - the picture
 * @csspart placeholder - what stands in its place
 * @cssprop --delistening-artwork-size - its width and height
 * @cssprop --delistening-artwork-radius - how round its corners are
 */
export class DelisteningArtwork extends Piece {
  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, ARTWORK);
    // It says nothing that the title does not.
    root.innerHTML = `<div class="field" part="placeholder">${icon("note")}<img part="artwork" alt="" hidden></div>`;
    const image = piece<HTMLImageElement>(root, "img");
    image.addEventListener("error", () => {
      image.hidden = true;
    });
    image.addEventListener("load", () => {
      image.hidden = false;
    });
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const image = piece<HTMLImageElement>(this.root, "img");
    const show = () => {
      const { artwork } = player;
      if ((image.getAttribute("src") ?? undefined) === artwork) return;
      image.hidden = true;
      if (artwork === undefined) image.removeAttribute("src");
      else image.src = artwork;
    };
    for (const type of ["trackchange", "queuechange", "artworkchange"] as const)
      player.addEventListener(type, show, { signal });
    show();
  }
}

const TITLE = sheet(`
:host { display: block; min-width: 0; }
p { margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.title { font-size: 1.0625em; font-weight: 650; line-height: 1.3; }
.artist { color: var(--_quiet); font-size: .875em; }
`);

/**
 * The track's title, and whom and what release it is by.
 *
 * @tagname delistening-title
 * @csspart title - the title
 * @csspart artist - the artist and the release
 */
export class DelisteningTitle extends Piece {
  protected override draw(root: ShadowRoot): void {
    wear(root, COMMON, TITLE);
    root.innerHTML = `<p class="title" part="title" dir="auto"></p><p class="artist" part="artist" dir="auto"></p>`;
  }

  protected override follow(player: Player, signal: AbortSignal): void {
    const show = () => {
      const track = player.queue.current;
      const title = piece<HTMLElement>(this.root, ".title");
      const artist = piece<HTMLElement>(this.root, ".artist");
      title.textContent = track?.title ?? track?.id ?? word().nothing;
      artist.textContent = [track?.artist, track?.release].filter(Boolean).join(" · ");
      artist.hidden = artist.textContent === "";
    };
    for (const type of ["trackchange", "queuechange"] as const) player.addEventListener(type, show, { signal });
    show();
  }
}
