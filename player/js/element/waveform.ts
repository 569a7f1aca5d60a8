// A line to seek on, as a shape: bars as high as the sound is loud, or a plain bar.

const BAR = 3;
const GAP = 2;
const PLAIN = 6;

/** The path of a shape in a field of `width` by `height` pixels: of bars where there are `peaks`, from 0 to 1. */
export function shape(width: number, height: number, peaks: readonly number[] | undefined, mirrored: boolean): string {
  if (!peaks?.length) return pill(0, (height - PLAIN) / 2, width, PLAIN);
  const bars = Math.max(1, Math.floor((width + GAP) / (BAR + GAP)));
  const highest = peaks.reduce((most, peak) => Math.max(most, peak), 0) || 1;
  let path = "";
  for (let bar = 0; bar < bars; bar += 1) {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    const peak = peaks.slice(from, to).reduce((most, value) => Math.max(most, value), 0);
    const high = Math.max(BAR, (peak / highest) * height);
    const x = bar * (BAR + GAP);
    path += pill(mirrored ? width - x - BAR : x, (height - high) / 2, BAR, high);
  }
  return path;
}

/** A rectangle with round ends. */
function pill(x: number, y: number, width: number, height: number): string {
  const r = Math.min(width, height) / 2;
  const [w, h] = [width - 2 * r, height - 2 * r];
  const at = (value: number) => Math.round(value * 100) / 100;
  const turn = (dx: number, dy: number) => `a${at(r)} ${at(r)} 0 0 1 ${at(dx)} ${at(dy)}`;
  return `M${at(x + r)} ${at(y)}h${at(w)}${turn(r, r)}v${at(h)}${turn(-r, r)}h${at(-w)}${turn(-r, -r)}v${at(-h)}${turn(r, -r)}z`;
}
