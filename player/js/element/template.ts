// What the element is made of.

import { STYLE } from "./style.js";

export const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zm8 0h4v14h-4z",
  previous: "M6 5h2.5v14H6zm12 0v14L9 12z",
  next: "M15.500 5H18v14h-2.500zM6 5l9 7-9 7z",
  loud: "M4 9v6h4l5 5V4L8 9zm11.500-1.500v9a5 5 0 0 0 0-9z",
  muted:
    "M4 9v6h4l5 5V4L8 9zm17 .8L19.200 8 17 10.200 14.800 8 13 9.800 15.200 12 13 14.200l1.800 1.800 2.200-2.200 2.200 2.200 1.800-1.800-2.200-2.200z",
} as const;

const icon = (name: keyof typeof ICONS) =>
  `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

const HTML = `
<style>${STYLE}</style>
<div class="frame" part="frame" role="group" aria-label="Audio player">
  <div class="now" part="now">
    <img class="artwork" part="artwork" alt="" hidden>
    <div class="names"><p class="title" part="title"></p><p class="artist" part="artist"></p></div>
  </div>
  <div class="seek" part="seek">
    <span class="position">0:00</span>
    <input class="slider" part="slider" type="range" min="0" max="0" step="1" value="0" aria-label="Seek">
    <span class="duration">–:––</span>
  </div>
  <div class="controls" part="controls">
    <button class="previous" part="button" type="button" aria-label="Previous track">${icon("previous")}</button>
    <button class="play" part="button play" type="button" aria-label="Play">${icon("play")}</button>
    <button class="next" part="button" type="button" aria-label="Next track">${icon("next")}</button>
    <div class="volume" part="volume">
      <button class="mute" part="button" type="button" aria-label="Mute" aria-pressed="false">${icon("loud")}</button>
      <input class="level" part="slider" type="range" min="0" max="100" step="1" value="100" aria-label="Volume">
    </div>
  </div>
  <p class="message" part="message" role="status"></p>
  <ol class="list" part="queue" aria-label="Queue"></ol>
</div>`;

/** Fills a shadow root, and gives its pieces by class. */
export function render(root: ShadowRoot) {
  root.innerHTML = HTML;
  const piece = <T extends Element>(name: string): T => {
    const found = root.querySelector<T>(`.${name}`);
    if (!found) throw new Error(`the template has no .${name}`);
    return found;
  };
  return {
    frame: piece<HTMLElement>("frame"),
    artwork: piece<HTMLImageElement>("artwork"),
    title: piece<HTMLElement>("title"),
    artist: piece<HTMLElement>("artist"),
    position: piece<HTMLElement>("position"),
    duration: piece<HTMLElement>("duration"),
    slider: piece<HTMLInputElement>("slider"),
    previous: piece<HTMLButtonElement>("previous"),
    play: piece<HTMLButtonElement>("play"),
    next: piece<HTMLButtonElement>("next"),
    mute: piece<HTMLButtonElement>("mute"),
    level: piece<HTMLInputElement>("level"),
    message: piece<HTMLElement>("message"),
    list: piece<HTMLElement>("list"),
  };
}

/** A row of the queue. */
export function row(place: number): HTMLLIElement {
  const item = document.createElement("li");
  item.innerHTML = `<button type="button" data-place="${place}"><span></span><span></span></button>`;
  return item;
}

/** Changes the picture on a button. */
export function setIcon(button: HTMLElement, name: keyof typeof ICONS): void {
  button.querySelector("path")?.setAttribute("d", ICONS[name]);
}
