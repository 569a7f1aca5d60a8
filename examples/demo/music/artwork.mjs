// A cover for each piece: its own waveform as rings of bars around a disc, in its own colours. SVG, a few kilobytes.

const SIZE = 512;
const BARS = 72;

/** `left` is the finished piece, one channel. */
export function cover({ title, colours: [ground, light, accent] }, left) {
  const centre = SIZE / 2;
  const levels = loudness(left);
  const loudest = Math.max(...levels);
  const bars = levels.map((level, n) => {
    const turn = (n / BARS) * 360;
    const length = 14 + 96 * (level / loudest);
    const y = centre - 104 - length;
    return `<rect x="${centre - 4}" y="${y.toFixed(1)}" width="8" height="${length.toFixed(1)}" rx="4" transform="rotate(${turn} ${centre} ${centre})"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" role="img" aria-label="${title}">
<defs><radialGradient id="g" cx="30%" cy="20%" r="95%"><stop offset="0" stop-color="${accent}"/><stop offset="1" stop-color="${ground}"/></radialGradient></defs>
<rect width="${SIZE}" height="${SIZE}" fill="url(#g)"/>
<g fill="${light}" fill-opacity=".92">
${bars.join("\n")}
</g>
<circle cx="${centre}" cy="${centre}" r="84" fill="${light}"/>
<circle cx="${centre}" cy="${centre}" r="26" fill="${ground}"/>
</svg>
`;
}

function loudness(samples) {
  const step = Math.floor(samples.length / BARS);
  return Array.from({ length: BARS }, (_, n) => {
    let sum = 0;
    for (let i = n * step; i < (n + 1) * step; i += 1) sum += samples[i] ** 2;
    return Math.sqrt(sum / step);
  });
}
