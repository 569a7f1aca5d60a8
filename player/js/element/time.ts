// Times for eyes and for ears.

/** `3:07`, or `1:02:09`. */
export function clock(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "–:––";
  const all = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** `3 minutes 7 seconds`. */
export function spoken(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "unknown length";
  const all = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(all / 3600), "hour"],
    [Math.floor(all / 60) % 60, "minute"],
    [all % 60, "second"],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}
