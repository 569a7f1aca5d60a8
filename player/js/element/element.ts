// The element: shows a player and lets a person use it, by pointer, keyboard or screen reader.

import type { TelemetryOptions } from "@delistening/sdk";
import { Player } from "../player.js";
import type { PlayerTrack } from "../queue.js";
import { render, row, setIcon } from "./template.js";
import { clock, spoken } from "./time.js";

const SEEK_STEP_MS = 5_000;
const VOLUME_STEP = 0.05;
const RANGE_KEYS = /^(Arrow.*|Home|End|Page.*)$/;

/** The base class where there is no DOM, so that this module can be imported on a server. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** Attributes of a track, and what they are of a `PlayerTrack`. */
const TRACK = {
  "track-title": "title",
  artist: "artist",
  "artist-id": "artistId",
  artwork: "artwork",
} as const;

/**
 * A player for a page.
 *
 * Give it a `player`, or attributes: `src` and `track-id` (with `track-title`, `artist`, `artist-id`, `artwork`) for
 * one track, and `endpoint` with the property `token` to have plays measured. A player that it made pauses when it
 * is taken out of the page.
 */
export class DelisteningPlayer extends Base {
  static readonly observedAttributes = ["src", "track-id", ...Object.keys(TRACK)];
  #token: TelemetryOptions["token"] | undefined;
  #player: Player | undefined;
  /** Whether the player was made here, from the attributes. */
  #own = false;
  #pieces: ReturnType<typeof render> | undefined;
  #listening: AbortController | undefined;
  #seeking = false;

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
    if (this.isConnected) this.#connect();
  }

  connectedCallback(): void {
    this.#adopt("token");
    this.#adopt("player");
    if (!this.#pieces) {
      this.#pieces = render(this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true }));
      this.#listenToPerson(this.#pieces);
    }
    // A property may be set right after the element is parsed: give the page that moment.
    queueMicrotask(() => {
      if (this.isConnected) this.#connect();
    });
  }

  disconnectedCallback(): void {
    this.#listening?.abort();
    // An element that is only moved is connected again by then, and plays on.
    queueMicrotask(() => {
      if (!this.isConnected && this.#own) this.#player?.pause();
    });
  }

  attributeChangedCallback(): void {
    if (!this.#own || !this.#player) return;
    const { queue } = this.#player;
    const track = this.#track();
    queue.clear();
    if (track) queue.add(track);
  }

  /** Takes over what was set on the element before its class was known, where it would hide the accessor. */
  #adopt(property: "token" | "player"): void {
    if (!Object.hasOwn(this, property)) return;
    const value = this[property];
    delete (this as Partial<DelisteningPlayer>)[property];
    Object.assign(this, { [property]: value });
  }

  #fromAttributes(): Player {
    const endpoint = this.getAttribute("endpoint");
    const { token } = this;
    const player = new Player(endpoint !== null && token ? { telemetry: { endpoint, token } } : {});
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

  #connect(): void {
    this.#listening?.abort();
    this.#listening = new AbortController();
    const { player } = this;
    const { signal } = this.#listening;
    player.addEventListener("statechange", () => this.#showState(), { signal });
    player.addEventListener("trackchange", () => this.#showTrack(), { signal });
    player.addEventListener("queuechange", () => this.#showTrack(), { signal });
    player.addEventListener("timeupdate", () => this.#showTime(), { signal });
    player.addEventListener("durationchange", () => this.#showTime(), { signal });
    player.addEventListener("volumechange", () => this.#showVolume(), { signal });
    player.addEventListener("error", ({ detail }) => this.#say(`This track cannot be played: ${detail.message}.`), {
      signal,
    });
    this.#showTrack();
    this.#showState();
    this.#showVolume();
  }

  #listenToPerson(pieces: ReturnType<typeof render>): void {
    pieces.play.addEventListener("click", () => void this.player.toggle());
    pieces.previous.addEventListener("click", () => this.player.previous());
    pieces.next.addEventListener("click", () => this.player.next());
    pieces.mute.addEventListener("click", () => this.#toggleMute());
    pieces.level.addEventListener("input", () => {
      this.player.volume = Number(pieces.level.value) / 100;
      this.player.muted = false;
    });
    // While the handle is dragged, the position that is shown is the hand's.
    pieces.slider.addEventListener("input", () => {
      this.#seeking = true;
      this.#showPosition(Number(pieces.slider.value) * 1000);
    });
    pieces.slider.addEventListener("change", () => {
      this.#seeking = false;
      this.player.seek(Number(pieces.slider.value) * 1000);
    });
    pieces.list.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("button");
      if (button) void this.player.playAt(Number(button.dataset.place));
    });
    pieces.frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // A range moves by its own keys, and a button is pressed by its own space bar.
      const own =
        event.target instanceof HTMLInputElement
          ? RANGE_KEYS.test(event.key)
          : event.target instanceof HTMLButtonElement && event.key === " ";
      if (!own && this.#key(event.key)) event.preventDefault();
    });
  }

  #key(key: string): boolean {
    const { player } = this;
    const forward = getComputedStyle(this).direction === "rtl" ? -SEEK_STEP_MS : SEEK_STEP_MS;
    const actions: Record<string, () => void> = {
      " ": () => void player.toggle(),
      k: () => void player.toggle(),
      m: () => this.#toggleMute(),
      ArrowRight: () => player.seek(player.positionMs + forward),
      ArrowLeft: () => player.seek(player.positionMs - forward),
      ArrowUp: () => this.#nudge(VOLUME_STEP),
      ArrowDown: () => this.#nudge(-VOLUME_STEP),
      Home: () => player.seek(0),
      End: () => player.seek(player.durationMs ?? 0),
    };
    const action = actions[key];
    action?.();
    return action !== undefined;
  }

  #toggleMute(): void {
    this.player.muted = !this.player.muted;
  }

  #nudge(by: number): void {
    this.player.volume = Math.max(0, Math.min(1, this.player.volume + by));
  }

  #showState(): void {
    const { state } = this.player;
    const playing = state === "playing" || state === "stalled" || state === "loading";
    if (!this.#pieces) return;
    this.#pieces.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    setIcon(this.#pieces.play, playing ? "pause" : "play");
    this.#pieces.frame.dataset.state = state;
    if (state === "blocked") this.#say("Press play: the browser wants your say before there is sound.");
    else if (state === "stalled") this.#say("Waiting for the network …");
    else if (state !== "error") this.#say("");
  }

  #showTrack(): void {
    const track = this.player.queue.current;
    if (!this.#pieces) return;
    this.#pieces.title.textContent = track?.title ?? track?.id ?? "Nothing to play";
    this.#pieces.artist.textContent = track?.artist ?? "";
    this.#pieces.artwork.hidden = track?.artwork === undefined;
    if (track?.artwork !== undefined) this.#pieces.artwork.src = track.artwork;
    this.#showQueue();
    this.#showTime();
  }

  #showQueue(): void {
    const { tracks, index, hasNext } = this.player.queue;
    const pieces = this.#pieces;
    if (!pieces) return;
    pieces.play.disabled = tracks.length === 0;
    pieces.previous.disabled = tracks.length === 0;
    pieces.next.disabled = !hasNext;
    pieces.list.hidden = tracks.length < 2;
    // The rows are kept and written anew, so that whoever stands on one with the keyboard stays there.
    while (pieces.list.children.length > tracks.length) pieces.list.lastElementChild?.remove();
    while (pieces.list.children.length < tracks.length) pieces.list.append(row(pieces.list.children.length));
    for (const [place, button] of pieces.list.querySelectorAll("button").entries()) {
      const track = tracks[place];
      const [name, length] = button.children;
      if (!track || !name || !length) continue;
      name.textContent = track.title ?? track.id;
      length.textContent = track.durationMs === undefined ? "" : clock(track.durationMs);
      button.setAttribute("aria-current", String(place === index));
    }
  }

  #showTime(): void {
    const { durationMs, positionMs } = this.player;
    if (!this.#pieces) return;
    this.#pieces.duration.textContent = clock(durationMs);
    this.#pieces.slider.max = String(Math.floor((durationMs ?? 0) / 1000));
    this.#pieces.slider.disabled = durationMs === undefined;
    if (!this.#seeking) this.#showPosition(positionMs);
  }

  #showPosition(positionMs: number): void {
    if (!this.#pieces) return;
    this.#pieces.position.textContent = clock(positionMs);
    this.#pieces.slider.value = String(Math.floor(positionMs / 1000));
    const of = `${spoken(positionMs)} of ${spoken(this.player.durationMs)}`;
    this.#pieces.slider.setAttribute("aria-valuetext", of);
  }

  #showVolume(): void {
    const { volume, muted } = this.player;
    if (!this.#pieces) return;
    this.#pieces.level.value = String(Math.round(volume * 100));
    this.#pieces.level.setAttribute("aria-valuetext", muted ? "muted" : `${Math.round(volume * 100)} percent`);
    this.#pieces.mute.setAttribute("aria-pressed", String(muted));
    setIcon(this.#pieces.mute, muted || volume === 0 ? "muted" : "loud");
  }

  #say(message: string): void {
    if (this.#pieces) this.#pieces.message.textContent = message;
  }
}

/** Registers the element, once, where there are elements. */
export function registerElement(name = "delistening-player"): void {
  const elements = globalThis.customElements;
  if (elements && !elements.get(name)) elements.define(name, DelisteningPlayer);
}

declare global {
  interface HTMLElementTagNameMap {
    "delistening-player": DelisteningPlayer;
  }
}
