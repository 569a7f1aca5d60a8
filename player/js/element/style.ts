// How the element looks. Everything a host may change is a custom property or a part.

export const STYLE = `
:host {
  --_accent: var(--delistening-accent, light-dark(#5a3fd6, #a996ff));
  --_ink: var(--delistening-ink, light-dark(#1a1c22, #eef0f5));
  --_quiet: var(--delistening-quiet, light-dark(#565c6b, #a3aabb));
  --_surface: var(--delistening-surface, light-dark(#ffffff, #1b1e27));
  --_line: var(--delistening-line, light-dark(#dcdfe8, #333846));
  --_on-accent: var(--delistening-on-accent, light-dark(#ffffff, #14121f));
  display: block;
  color: var(--_ink);
  font: var(--delistening-font, 1rem/1.4 system-ui, sans-serif);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.frame { display: grid; gap: .9rem; padding: 1rem; border: 1px solid var(--_line); border-radius: var(--delistening-radius, .9rem); background: var(--_surface); }
.now { display: flex; gap: .9rem; align-items: center; min-width: 0; }
.artwork { width: 4.5rem; height: 4.5rem; border-radius: .5rem; object-fit: cover; background: var(--_line); flex: none; }
.names { min-width: 0; }
.title, .artist { margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.title { font-weight: 650; }
.artist { color: var(--_quiet); font-size: .88em; }
.seek { display: grid; grid-template-columns: auto 1fr auto; gap: .6rem; align-items: center; font-size: .82em; color: var(--_quiet); font-variant-numeric: tabular-nums; }
.controls { display: flex; gap: .4rem; align-items: center; }
.volume { margin-inline-start: auto; display: flex; gap: .3rem; align-items: center; }
.volume input { width: 6rem; }
button { display: inline-grid; place-items: center; min-width: 2.6rem; min-height: 2.6rem; padding: 0; border: 0; border-radius: 50%; color: inherit; background: transparent; font: inherit; cursor: pointer; }
button:hover { background: color-mix(in srgb, currentColor 10%, transparent); }
button:disabled { opacity: .4; cursor: default; }
button.play { min-width: 3.2rem; min-height: 3.2rem; color: var(--_on-accent); background: var(--_accent); }
button.play:hover { filter: brightness(1.08); }
svg { width: 1.3rem; height: 1.3rem; fill: currentColor; }
input[type=range] { width: 100%; height: 1.6rem; margin: 0; accent-color: var(--_accent); cursor: pointer; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.list { max-height: 12rem; margin: 0; padding: 0; overflow: auto; list-style: none; }
.list button { display: flex; gap: .8rem; justify-content: space-between; width: 100%; min-height: 2.4rem; padding: .25rem .6rem; border-radius: .4rem; text-align: start; }
.list [aria-current=true] { color: var(--_accent); font-weight: 600; }
.list span:last-child { color: var(--_quiet); font-variant-numeric: tabular-nums; }
.message { margin: 0; color: light-dark(#a3262a, #ff9a94); font-size: .88em; }
/* It takes no room while it is empty, but stays there for screen readers, which watch it. */
.message:empty { position: absolute; }
@media (prefers-reduced-motion: no-preference) { button { transition: background .12s, filter .12s; } }
@media (forced-colors: active) { button.play { border: 2px solid; } }
`;
