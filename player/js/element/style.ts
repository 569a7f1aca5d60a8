// What all pieces of the face share: colours, buttons, focus. A host changes them by custom properties and parts.

import { sheet } from "./piece.js";

export const COMMON = sheet(`
:host {
  --_accent: var(--delistening-accent, light-dark(#5b3fd9, #a893ff));
  --_on-accent: var(--delistening-on-accent, light-dark(#ffffff, #171226));
  --_ink: var(--delistening-ink, light-dark(#16181d, #f1f2f6));
  --_quiet: var(--delistening-quiet, light-dark(#5a6070, #a5acbd));
  --_surface: var(--delistening-surface, light-dark(#ffffff, #181a21));
  --_line: var(--delistening-line, light-dark(#d9dce5, #363b49));
  --_danger: var(--delistening-danger, light-dark(#b3261e, #ffb1a8));
  --_hover: color-mix(in srgb, var(--_ink) 9%, transparent);
  color: var(--_ink);
  font: var(--delistening-font, 1rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  -webkit-tap-highlight-color: transparent;
}
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
button {
  position: relative; display: inline-grid; place-items: center; width: 2.5rem; height: 2.5rem; padding: 0; border: 0;
  border-radius: 50%; color: inherit; background: transparent; font: inherit; cursor: pointer; touch-action: manipulation;
}
button:hover { background: var(--_hover); }
button:active { transform: scale(.94); }
button:disabled { color: color-mix(in srgb, var(--_ink) 38%, transparent); background: none; transform: none; cursor: default; }
svg.icon { display: block; width: 1.375rem; height: 1.375rem; fill: currentColor; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
@media (pointer: coarse) { button { width: 2.75rem; height: 2.75rem; } }
@media (prefers-reduced-motion: no-preference) { button { transition: background .15s, color .15s, transform .1s; } }
@media (prefers-contrast: more) { :host { --_quiet: var(--_ink); --_line: color-mix(in srgb, var(--_ink) 55%, var(--_surface)); } }
@media (forced-colors: active) { button { forced-color-adjust: auto; } svg.icon { fill: ButtonText; } button:disabled svg.icon { fill: GrayText; } }
`);
