// Keeps sound below full scale, between its samples too: what a gain or two tracks at once make louder never clips. It
// looks ahead, so that it is quiet enough when a peak comes and not only after it. What needs no limiting is left as it
// is, to the last bit.

type Planes = [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];

/** The highest true peak that is let through: -1 dBTP, as EBU R 128 has it. */
const CEILING = 10 ** (-1 / 20);
/** How far it looks ahead, and how long it takes to be quiet enough, in seconds. */
const AHEAD_S = 0.0015;
/** How long it takes to be loud again, in seconds. */
const RELEASE_S = 0.15;
/** Places between two samples that are looked at, and the samples that each is found from. */
const PHASES = 4;
const TAPS = 12;
/** The frame in the middle of the samples that were looked at is that far back. */
const BACK = TAPS / 2;

/** Weights of the samples for each place: a windowed sinc, as ITU-R BS.1770 asks for four times as many samples. */
const WEIGHTS = Array.from({ length: PHASES - 1 }, (_, phase) => {
  const weights = Float64Array.from({ length: TAPS }, (_, tap) => {
    const x = tap - (BACK - 1) - (phase + 1) / PHASES;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / BACK);
    return (Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  });
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
});
/** Where no sample is higher than this, nothing between them is above the ceiling. */
const HARMLESS =
  CEILING / Math.max(...WEIGHTS.map((weights) => weights.reduce((all, weight) => all + Math.abs(weight), 0)));

export class Limiter {
  readonly #ahead: number;
  readonly #release: number;
  /** Frames that sound is held back by. */
  readonly #delay: number;
  /** The last frames of each channel. */
  #past: Planes;
  /** What each of the last frames needs, and what was decided for it. */
  readonly #needed: Float64Array;
  readonly #decided: Float64Array;
  /** Frames that were taken in, and given, since the begin. */
  #taken = 0;
  #given = 0;
  #level = 1;
  /** Frames since one needed to be quieter, and decisions in a row that nothing is to be done. */
  #since = Number.POSITIVE_INFINITY;
  #idle = Number.POSITIVE_INFINITY;

  constructor(rate: number) {
    this.#ahead = Math.max(1, Math.round(rate * AHEAD_S));
    this.#delay = this.#ahead - 1 + BACK;
    this.#release = 1 - Math.exp(-1 / (rate * RELEASE_S));
    this.#past = this.#silence();
    this.#needed = new Float64Array(this.#ahead).fill(1);
    this.#decided = new Float64Array(this.#ahead).fill(1);
  }

  /** Frames that went in and did not come out yet. */
  get held(): number {
    return this.#taken - this.#given;
  }

  /** Forgets what it holds: something else begins. */
  reset(): void {
    this.#taken = 0;
    this.#given = 0;
    this.#level = 1;
    this.#since = Number.POSITIVE_INFINITY;
    this.#idle = Number.POSITIVE_INFINITY;
    this.#past = this.#silence();
    this.#needed.fill(1);
    this.#decided.fill(1);
  }

  /** Takes frames in and gives those that are ready. */
  process([left, right]: readonly [Float32Array, Float32Array]): Planes {
    const frames = left.length;
    const kept = this.#past[0].length;
    const planes: Planes = [append(this.#past[0], left), append(this.#past[1], right)];
    const peaks = truePeaks(planes, kept, frames);
    const first = Math.min(frames, Math.max(0, this.#delay - this.#taken));
    for (let frame = 0; frame < frames; frame += 1) {
      const gain = this.#gain(peaks[frame] ?? 0);
      if (gain === 1 || frame < first) continue;
      // What comes out now, in its own place.
      const place = kept + frame - this.#delay;
      planes[0][place] = (planes[0][place] ?? 0) * gain;
      planes[1][place] = (planes[1][place] ?? 0) * gain;
    }
    const from = kept - this.#delay;
    // Those that are still to come out are as they came in.
    this.#past = [planes[0].slice(frames), planes[1].slice(frames)];
    this.#given += frames - first;
    return [planes[0].slice(from + first, from + frames), planes[1].slice(from + first, from + frames)];
  }

  /** What it still holds, at the end. */
  drain(): Planes {
    const silence = new Float32Array(this.held);
    const out = this.process([silence, silence]);
    this.reset();
    return out;
  }

  #silence(): Planes {
    const frames = this.#delay + TAPS;
    return [new Float32Array(frames), new Float32Array(frames)];
  }

  /** How loud the frame may be that comes out when one with this peak has come in. */
  #gain(peak: number): number {
    const place = this.#taken % this.#ahead;
    this.#taken += 1;
    this.#needed[place] = peak > CEILING ? CEILING / peak : 1;
    this.#since = peak > CEILING ? 0 : this.#since + 1;
    const least = this.#since < this.#ahead ? this.#needed.reduce((most, need) => Math.min(most, need), 1) : 1;
    const risen = this.#level + (1 - this.#level) * this.#release;
    this.#level = Math.min(least, risen > 0.9999 ? 1 : risen);
    this.#decided[place] = this.#level;
    this.#idle = this.#level === 1 ? this.#idle + 1 : 0;
    if (this.#idle >= this.#ahead) return 1;
    // The mean of all that is decided from a peak's coming into sight on to its coming out is not above what it needs.
    return this.#decided.reduce((sum, level) => sum + level, 0) / this.#ahead;
  }
}

/** For each of the last `frames` of `planes`, the true peak around the one that lies half of the taps before it. */
function truePeaks(planes: Planes, from: number, frames: number): Float32Array {
  const peaks = new Float32Array(frames);
  for (const plane of planes) {
    let harmless = TAPS;
    for (let frame = 1 - TAPS; frame < frames; frame += 1) {
      const at = from + frame;
      harmless = Math.abs(plane[at] ?? 0) > HARMLESS ? 0 : harmless + 1;
      if (frame < 0 || harmless >= TAPS) continue;
      let peak = Math.abs(plane[at - BACK] ?? 0);
      for (const weights of WEIGHTS) {
        let sum = 0;
        for (let tap = 0; tap < TAPS; tap += 1) sum += (plane[at - TAPS + 1 + tap] ?? 0) * (weights[tap] ?? 0);
        peak = Math.max(peak, Math.abs(sum));
      }
      if (peak > (peaks[frame] ?? 0)) peaks[frame] = peak;
    }
  }
  return peaks;
}

function append(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
