// How the pieces stand together: a card, narrower or wider by the room there is, or a bar of one line.

import { sheet } from "./piece.js";

export const LAYOUT = sheet(`
:host { display: block; container-type: inline-size; }
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
.frame {
  --delistening-artwork-size: 4.5rem;
  display: grid; grid-template: "art now" auto "seek seek" auto "controls controls" auto "status status" auto "queue queue" auto / auto minmax(0, 1fr);
  gap: .75rem 1rem; align-items: center; padding: 1rem; border: 1px solid var(--_line); border-radius: var(--delistening-radius, 1rem); background: var(--_surface); box-shadow: var(--delistening-shadow, none);
}
.artwork { grid-area: art; }
.now { grid-area: now; }
.seek { grid-area: seek; display: grid; grid-template: "bar bar" auto "at left" auto / 1fr auto; gap: .125rem; }
.bar { grid-area: bar; }
.time { color: var(--_quiet); font-size: .8125em; font-variant-numeric: tabular-nums; }
.controls { grid-area: controls; display: grid; grid-template-columns: 1fr auto 1fr; align-items: center; }
.order { display: flex; justify-self: start; }
.transport { display: flex; gap: .375rem; align-items: center; }
.volume { justify-self: end; --delistening-volume-width: 0; }
.status { grid-area: status; }
.status:not(.says), .queue:not(.many) { position: absolute; width: 0; height: 0; overflow: hidden; }
.queue { grid-area: queue; padding-top: .75rem; border-top: 1px solid var(--_line); }
.queue:not(.many) { visibility: hidden; padding: 0; border: 0; }
@container (width >= 30rem) {
  .volume { --delistening-volume-width: 5.5rem; }
  .frame { --delistening-artwork-size: 9.5rem; grid-template: "art now" auto "art seek" auto "art controls" auto "status status" auto "queue queue" auto / auto minmax(0, 1fr); gap: .375rem 1.25rem; padding: 1.25rem; }
  .status.says { margin-top: .5rem; }
  .queue { margin-top: .75rem; }
}
@container (width >= 30rem) and (width < 38rem) { .volume { --delistening-volume-width: 4rem; } .frame { --delistening-artwork-size: 8.5rem; } }
@container (width >= 30rem) and (width < 34rem) { .volume { --delistening-volume-width: 0; } }
@container (width < 20rem) { .order { display: none; } .controls { grid-template-columns: auto 1fr; } }

:host([compact]) .frame {
  --delistening-artwork-size: 2.75rem; --delistening-play-size: 2.75rem; --delistening-seek-height: 2rem; --delistening-artwork-radius: .375rem;
  grid-template: "controls art now volume" auto "seek seek seek seek" auto "status status status status" auto / auto auto minmax(0, 1fr) auto;
  gap: .375rem .75rem; padding: .5rem .75rem;
}
:host([compact]) :is(.order, .queue, .previous) { display: none; }
:host([compact]) .controls { display: contents; }
:host([compact]) .transport { grid-area: controls; }
:host([compact]) .volume { grid-area: volume; --delistening-volume-width: 0; }
:host([compact]) .seek { grid-template: "at bar left" auto / auto 1fr auto; gap: .625rem; align-items: center; }
@container (width < 24rem) { :host([compact]) .next { display: none; } }
@container (width >= 34rem) {
  :host([compact]) .frame { grid-template: "controls art now seek volume" auto "status status status status status" auto / auto auto minmax(6rem, 13rem) minmax(0, 1fr) auto; }
}
@media (forced-colors: active) { .frame { border-color: CanvasText; } }
`);

/** What all pieces let a host style, passed on by the element that they stand in. */
const PARTS =
  "button, play, skips, shuffle, repeat, seek, waveform, base, buffered, heard, played, thumb, tip, level, artwork, placeholder, title, artist, message, queue, row, remove";

const of = (name: string, style: string, more = "") =>
  `<delistening-${name} class="${style}" exportparts="${PARTS}" ${more}></delistening-${name}>`;

export const HTML = `
<div class="frame" part="frame" role="group">
  <slot>
    ${of("artwork", "artwork")}
    ${of("title", "now")}
    <div class="seek" part="timeline">
      ${of("seek-bar", "bar")}
      ${of("time", "time position", 'part="time"')}
      ${of("time", "time duration", 'part="time" type="duration"')}
    </div>
    <div class="controls" part="controls">
      <div class="order">${of("shuffle-button", "shuffle")}${of("repeat-button", "repeat")}</div>
      <div class="transport">
        ${of("skip-button", "previous", 'direction="previous"')}${of("play-button", "play")}${of("skip-button", "next", 'direction="next"')}
      </div>
      ${of("volume", "volume")}
    </div>
    ${of("status", "status")}
    ${of("queue", "queue")}
  </slot>
</div>`;
