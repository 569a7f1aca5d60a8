// A piece of the player's face, usable by itself: it shows a player and lets a person use it.

import type { Player } from "../player.js";

/** The base class where there is no DOM, so that these modules can be imported on a server. */
export const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** What gives a player to the pieces in it. */
export interface Host {
  /** Sets `piece.player`, now or once there is one, until `release`. */
  adopt(piece: Piece): void;
  release(piece: Piece): void;
}

/**
 * The player of a piece is its property `player`; else that of the `<delistening-player>` that its attribute `for`
 * names, or that it stands in.
 *
 * @attr {string} for - the id of the `<delistening-player>` whose player it is
 */
export abstract class Piece extends Base {
  #player: Player | undefined;
  #host: Host | undefined;
  #following: AbortController | undefined;
  #isDrawn = false;

  /** The player that is shown and used. */
  get player(): Player | undefined {
    return this.#player;
  }

  set player(player: Player | undefined) {
    if (player === this.#player) return;
    this.#player = player;
    this.#follow();
  }

  connectedCallback(): void {
    adoptProperty(this, "player");
    if (!this.#isDrawn) {
      this.#isDrawn = true;
      this.draw(this.root);
    }
    if (this.#player) {
      this.#follow();
      return;
    }
    this.#find();
    // What `for` names may stand further down in the page.
    if (!this.#host) document.addEventListener("DOMContentLoaded", () => this.#find(), { once: true });
  }

  disconnectedCallback(): void {
    this.#following?.abort();
    const host = this.#host;
    this.#host = undefined;
    if (!host) return;
    host.release(this);
    this.#player = undefined;
  }

  /** Where a piece draws itself. */
  protected get root(): ShadowRoot {
    return this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
  }

  /** Draws what is always there; once. */
  protected draw(_root: ShadowRoot): void {}

  /** Shows `player` from now on, until `signal` aborts. */
  protected abstract follow(player: Player, signal: AbortSignal): void;

  #find(): void {
    if (this.#player || !this.isConnected) return;
    const id = this.getAttribute("for");
    const host = id === null ? hostAround(this) : (this.getRootNode() as Document | ShadowRoot).getElementById(id);
    if (!isHost(host)) return;
    this.#host = host;
    host.adopt(this);
  }

  #follow(): void {
    this.#following?.abort();
    if (!this.#player || !this.isConnected || !this.#isDrawn) return;
    this.#following = new AbortController();
    this.follow(this.#player, this.#following.signal);
  }
}

function isHost(node: unknown): node is Host {
  return typeof (node as Partial<Host> | null)?.adopt === "function";
}

/** The host that a node stands in, through the borders of shadow trees. */
function hostAround(piece: Node): unknown {
  for (let node: Node | null = piece; node; node = node.parentNode ?? ((node as Partial<ShadowRoot>).host || null)) {
    if (node !== piece && isHost(node)) return node;
  }
  return undefined;
}

/** Takes over what was set on an element before its class was known, where it would hide the accessor. */
export function adoptProperty<E extends HTMLElement>(element: E, property: keyof E & string): void {
  if (!Object.hasOwn(element, property)) return;
  const value = element[property];
  delete (element as Partial<E>)[property];
  element[property] = value;
}

/** A style sheet that shadow roots share; a content security policy has no say in it. */
export function sheet(css: string): CSSStyleSheet | undefined {
  if (typeof CSSStyleSheet === "undefined") return undefined;
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** Has a shadow root look as `sheets` say. */
export function wear(root: ShadowRoot, ...sheets: (CSSStyleSheet | undefined)[]): void {
  root.adoptedStyleSheets = sheets.filter((made) => made !== undefined);
}

/** The element of a shadow root that `selector` finds. */
export function piece<T extends Element>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}
