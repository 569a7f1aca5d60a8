// The element: the pieces of a player's face, put together. Each of them is usable by itself too.

import type { TelemetryOptions } from "@delistening/sdk";
import type { EngineChoice } from "../engine/auto.js";
import { Player } from "../player.js";
import type { PlayerTrack } from "../queue.js";
import { press } from "./keys.js";
import { HTML, LAYOUT } from "./layout.js";
import { adoptProperty, Base, type Host, type Piece, piece, wear } from "./piece.js";
import { COMMON } from "./style.js";
import { DelisteningTime } from "./time.js";
import { word } from "./words.js";

/** Attributes of a track, and what they are of a `PlayerTrack`. */
const TRACK = {
  "track-title": "title",
  artist: "artist",
  "artist-id": "artistId",
  artwork: "artwork",
  waveform: "waveform",
} as const;

/**
 * A player for a page.
 *
 * Give it a `player`, or attributes of one track, and `endpoint` with the property `token` to have plays measured. A
 * player that it made pauses when it is taken out of the page. With pieces inside, those are shown in the place of its
 * own.
 *
 * @tagname delistening-player
 * @attr {string} src - the address of the audio
 * @attr {string} track-id - what plays are counted under; `src` by default
 * @attr {string} track-title - the title
 * @attr {string} artist - whom it is by
 * @attr {string} artist-id - the platform's identifier of the artist
 * @attr {string} artwork - the address of a picture
 * @attr {string} waveform - the address of its peaks, as JSON
 * @attr {string} endpoint - where plays are sent
 * @attr {"native" | "wasm" | "auto"} engine - what decodes and sounds
 * @attr {boolean} analyse - has the waveform found out where it is not given
 * @attr {boolean} compact - one line
 * @attr {"light" | "dark"} theme - in the place of the page's own
 * @slot - pieces, in the place of its own
 * @csspart frame - the card
 * @csspart timeline - the bar to seek on, with its times
 * @csspart time - a time
 * @csspart controls - the buttons
 * @cssprop --delistening-accent - what is active
 * @cssprop --delistening-on-accent - what stands on that
 * @cssprop --delistening-ink - text and pictures
 * @cssprop --delistening-quiet - text of less weight
 * @cssprop --delistening-surface - the ground
 * @cssprop --delistening-line - lines, and what is not reached yet
 * @cssprop --delistening-danger - what went wrong
 * @cssprop --delistening-radius - how round the card's corners are
 * @cssprop --delistening-shadow - the card's shadow
 * @cssprop --delistening-font - the font
 */
export class DelisteningPlayer extends Base implements Host {
  static readonly observedAttributes = ["src", "track-id", ...Object.keys(TRACK)];
  #token: TelemetryOptions["token"] | undefined;
  #player: Player | undefined;
  /** Whether the player was made here, from the attributes. */
  #own = false;
  #isShown = false;
  readonly #pieces = new Set<Piece>();
  #following: AbortController | undefined;

  /** Gives access tokens, when `endpoint` is set. */
  get token(): TelemetryOptions["token"] | undefined {
    return this.#token;
  }

  set token(token: TelemetryOptions["token"] | undefined) {
    this.#token = token;
  }

  /** The player that is shown; made from the attributes when it is first needed. */
  get player(): Player {
    if (!this.#player) {
      this.#player = this.#fromAttributes();
      this.#own = true;
    }
    return this.#player;
  }

  set player(player: Player) {
    if (this.#own) void this.#player?.close();
    this.#own = false;
    this.#player = player;
    if (this.#isShown) this.#show();
  }

  /** @internal */
  adopt(piece: Piece): void {
    this.#pieces.add(piece);
    if (this.#isShown) piece.player = this.player;
  }

  /** @internal */
  release(piece: Piece): void {
    this.#pieces.delete(piece);
  }

  connectedCallback(): void {
    adoptProperty(this, "token");
    adoptProperty(this, "player");
    if (!this.shadowRoot)
      this.#draw(this.attachShadow({ mode: "open", delegatesFocus: true, slotAssignment: "manual" }));
    // A property may be set right after the element is parsed: give the page that moment.
    queueMicrotask(() => {
      if (this.isConnected) this.#show();
    });
  }

  disconnectedCallback(): void {
    // An element that is only moved is connected again by then, and plays on.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#following?.abort();
      if (this.#own) this.#player?.pause();
    });
  }

  attributeChangedCallback(): void {
    if (!this.#own || !this.#player) return;
    const { queue } = this.#player;
    const track = this.#track();
    queue.clear();
    if (track) queue.add(track);
  }

  #fromAttributes(): Player {
    const endpoint = this.getAttribute("endpoint");
    const engine = this.getAttribute("engine") as EngineChoice | null;
    const { token } = this;
    const player = new Player({
      ...(endpoint !== null && token && { telemetry: { endpoint, token } }),
      ...(engine !== null && { engine }),
      analyse: this.hasAttribute("analyse"),
    });
    const track = this.#track();
    if (track) player.queue.add(track);
    return player;
  }

  #track(): PlayerTrack | undefined {
    const src = this.getAttribute("src");
    if (src === null) return undefined;
    const track: PlayerTrack = { src, id: this.getAttribute("track-id") ?? src };
    for (const [attribute, member] of Object.entries(TRACK)) {
      const value = this.getAttribute(attribute);
      if (value !== null) track[member] = value;
    }
    return track;
  }

  #draw(root: ShadowRoot): void {
    wear(root, COMMON, LAYOUT);
    root.innerHTML = HTML;
    const frame = piece(root, ".frame");
    frame.setAttribute("aria-label", word().player);
    // Elements alone: left to the browser, a line break between the tags would stand in the place of all pieces.
    const slot = piece<HTMLSlotElement>(root, "slot");
    const place = () => slot.assign?.(...this.children);
    place();
    new MutationObserver(place).observe(this, { childList: true });
    frame.addEventListener("keydown", (event) => {
      const isRightToLeft = getComputedStyle(this).direction === "rtl";
      if (press(this.player, event as KeyboardEvent, isRightToLeft)) event.preventDefault();
    });
    // While the bar is dragged, the time that is shown is the hand's.
    frame.addEventListener("seekmove", (event) => {
      const { positionMs } = (event as CustomEvent<{ positionMs: number | undefined }>).detail;
      for (const piece of this.#pieces) if (piece instanceof DelisteningTime) piece.preview(positionMs);
    });
  }

  #show(): void {
    this.#isShown = true;
    const { player } = this;
    for (const piece of this.#pieces) piece.player = player;
    this.#following?.abort();
    this.#following = new AbortController();
    const { signal } = this.#following;
    player.addEventListener("statechange", () => this.#arrange(), { signal });
    player.addEventListener("queuechange", () => this.#arrange(), { signal });
    this.#arrange();
  }

  /** What has nothing to say takes no room. */
  #arrange(): void {
    const root = this.shadowRoot;
    if (!root) return;
    const { state, queue } = this.player;
    piece<HTMLElement>(root, ".frame").dataset.state = state;
    const says = state === "error" || state === "blocked" || state === "stalled";
    piece(root, ".status").classList.toggle("says", says);
    piece(root, ".queue").classList.toggle("many", queue.tracks.length > 1);
    // One track is no queue: nothing to shuffle, nowhere to go.
    piece(root, ".frame").classList.toggle("single", queue.tracks.length < 2);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "delistening-player": DelisteningPlayer;
  }
}
