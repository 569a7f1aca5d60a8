// The instruments. Each adds one note to a mix: `at` and `length` in seconds, `pitch` as a MIDI note number,
// `gain` from 0 to 1.

import { noise, RATE } from "./mix.mjs";
import { hertz } from "./theory.mjs";

const TAU = 2 * Math.PI;
const attack = (t, seconds) => (t < seconds ? t / seconds : 1);
const release = (t, length, seconds) => (t < length ? 1 : Math.exp((-5 * (t - length)) / seconds));

/** An electric piano: one sine bends another, and a high one gives the hammer. */
export function keys(mix, at, length, pitch, gain, where = {}) {
  const f = hertz(pitch);
  const sample = (t) => {
    const body = Math.sin(TAU * f * t + 1.6 * Math.exp(-t * 3.2) * Math.sin(TAU * f * t));
    const hammer = 0.16 * Math.exp(-t * 14) * Math.sin(TAU * f * 7 * t);
    return (body + hammer) * Math.exp(-t * 1.1) * attack(t, 0.003) * release(t, length, 0.35);
  };
  mix.add(at, length + 0.35, gain * 0.5, sample, { wet: 0.25, ...where });
}

/** Soft strings: three sawtooths beside each other, dulled. */
export function pad(mix, at, length, pitch, gain, where = {}) {
  const f = hertz(pitch);
  const phases = [0.1, 0.45, 0.8];
  const speeds = [0.9965, 1, 1.0038];
  const dullness = 1 - Math.exp((-TAU * Math.min(2_400, f * 3.2)) / RATE);
  let [first, second] = [0, 0];
  const sample = (t) => {
    let raw = 0;
    for (let n = 0; n < 3; n += 1) {
      phases[n] = (phases[n] + (f * speeds[n]) / RATE) % 1;
      raw += 2 * phases[n] - 1;
    }
    first += dullness * (raw - first);
    second += dullness * (first - second);
    return second * attack(t, Math.min(0.6, length / 2)) * release(t, length, 0.9);
  };
  mix.add(at, length + 0.9, gain * 0.2, sample, { wet: 0.5, ...where });
}

/** A round bass: a sine and a little of what lies above it. */
export function bass(mix, at, length, pitch, gain, where = {}) {
  const f = hertz(pitch);
  const sample = (t) => {
    const tone =
      Math.sin(TAU * f * t) + 0.3 * Math.sin(TAU * f * 2 * t) * Math.exp(-t * 5) + 0.08 * Math.sin(TAU * f * 3 * t);
    return Math.tanh(1.4 * tone) * attack(t, 0.008) * Math.exp(-t * 0.7) * release(t, length, 0.09);
  };
  mix.add(at, length + 0.09, gain * 0.6, sample, { wet: 0.03, ...where });
}

/** A plucked string (Karplus and Strong): noise in a loop that dulls as it goes round. */
export function pluck(mix, at, length, pitch, gain, where = {}) {
  // The filter in the loop is half a sample late; between two samples the loop is read by interpolation.
  const delay = RATE / hertz(pitch) - 0.5;
  const whole = Math.floor(delay);
  const rest = delay - whole;
  const loop = Float32Array.from({ length: whole + 1 }, noise(pitch * 7_919 + Math.round(at * 1_000)));
  for (let i = 1; i < loop.length; i += 1) loop[i] = 0.5 * (loop[i] + loop[i - 1]);
  const keep = 0.5 ** (1 / (hertz(pitch) * 0.42));
  let before = 0;
  const sample = (t, i) => {
    const oldest = i % loop.length;
    const delayed = loop[(oldest + 1) % loop.length] * (1 - rest) + loop[oldest] * rest;
    loop[oldest] = 0.5 * (delayed + before) * keep;
    before = delayed;
    return loop[oldest] * release(t, length, 0.25);
  };
  mix.add(at, length + 0.25, gain * 0.7, sample, { wet: 0.3, ...where });
}

/** A small bell: sines that are no multiples of each other. */
export function bell(mix, at, length, pitch, gain, where = {}) {
  const f = hertz(pitch);
  const partials = [
    [1, 1, 2.2],
    [2.76, 0.35, 4.5],
    [5.4, 0.14, 8],
    [0.5, 0.25, 1.8],
  ];
  const sample = (t) => {
    let sum = 0;
    for (const [ratio, level, decay] of partials) sum += level * Math.sin(TAU * f * ratio * t) * Math.exp(-t * decay);
    return sum * attack(t, 0.002);
  };
  mix.add(at, Math.max(length, 2.5), gain * 0.4, sample, { wet: 0.5, ...where });
}

/** A flute-like lead whose vibrato comes late. */
export function lead(mix, at, length, pitch, gain, where = {}) {
  const f = hertz(pitch);
  const breath = noise(pitch * 31 + Math.round(at * 997));
  let phase = 0;
  let air = 0;
  const sample = (t) => {
    const vibrato = 1 + 0.005 * Math.min(1, t * 1.8) * Math.sin(TAU * 5.1 * t);
    phase += (TAU * f * vibrato) / RATE;
    air += 0.2 * (breath() - air);
    const tone = Math.sin(phase) + 0.22 * Math.sin(2 * phase) + 0.1 * Math.sin(3 * phase);
    return (tone + 0.06 * air) * attack(t, 0.04) * release(t, length, 0.16);
  };
  mix.add(at, length + 0.16, gain * 0.4, sample, { wet: 0.4, ...where });
}

export function kick(mix, at, gain) {
  let phase = 0;
  const sample = (t) => {
    phase += (TAU * (46 + 110 * Math.exp(-t * 32))) / RATE;
    return Math.sin(phase) * Math.exp(-t * 8.5) * attack(t, 0.002);
  };
  mix.add(at, 0.45, gain * 0.9, sample, { wet: 0.02 });
}

export function snare(mix, at, gain) {
  const random = noise(17 + Math.round(at * 1_000));
  let low = 0;
  const sample = (t) => {
    const raw = random();
    low += 0.22 * (raw - low);
    return (raw - low) * 0.5 * Math.exp(-t * 17) + Math.sin(TAU * 188 * t) * 0.5 * Math.exp(-t * 26);
  };
  mix.add(at, 0.3, gain * 0.6, sample, { wet: 0.25 });
}

/** A cymbal, closed; `open` lets it ring. */
export function hat(mix, at, gain, open = false) {
  const random = noise(91 + Math.round(at * 1_000));
  let [last, high] = [0, 0];
  const sample = (t) => {
    const raw = random();
    high = 0.72 * (high + raw - last);
    last = raw;
    return high * Math.exp(-t * (open ? 11 : 48));
  };
  mix.add(at, open ? 0.4 : 0.12, gain * 0.4, sample, { pan: 0.25, wet: 0.08 });
}

/** A shaker: noise that swells and goes. */
export function shaker(mix, at, gain) {
  const random = noise(7 + Math.round(at * 1_000));
  let low = 0;
  const sample = (t) => {
    const raw = random();
    low += 0.5 * (raw - low);
    return (raw - low) * attack(t, 0.025) * Math.exp(-t * 30);
  };
  mix.add(at, 0.15, gain * 0.5, sample, { pan: -0.35, wet: 0.12 });
}
