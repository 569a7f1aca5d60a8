// Compares what is told as heard with what came out of the page. Both are lists of `[from, to]` in milliseconds of the media.
import assert from "node:assert/strict";

// What a media element says of its position, and what leaves the page, are this far apart where sound begins or ends.
const NEAR_MS = 60;

/** `lostMs`: how much may have come out and not be told. What is told must have come out. */
export function same(heard, rendered, { lostMs = 0 } = {}) {
  const about = JSON.stringify({ heard, rendered });
  const edges = NEAR_MS * Math.max(rendered.length, 1);
  const more = beyond(heard, rendered);
  assert.ok(more <= edges, `${more} ms are told and did not come out: ${about}`);
  const less = beyond(rendered, heard);
  assert.ok(less <= edges + lostMs, `${less} ms came out and are not told: ${about}`);
}

export function total(parts) {
  return parts.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** How many milliseconds of `these` are in none of `those`. */
function beyond(these, those) {
  const inside = (parts, at) => parts.some(([from, to]) => from <= at && at < to);
  let ms = 0;
  const end = Math.max(...these.map(([, to]) => to), 0);
  for (let at = 0; at < end; at += 1) if (inside(these, at) && !inside(those, at)) ms += 1;
  return ms;
}
