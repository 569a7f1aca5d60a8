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
  /** The last frames of each channel, which are held back. */
  readonly #past: Planes;
  /** What each of the last frames needs, and what was decided for it. */
  readonly #needed: Float64Array;
  readonly #decided: Float64Array;
  /** Frames that were taken in since the begin. */
  #taken = 0;
  #given = 0;
  #level = 1;
  /** Frames since one needed to be quieter, and decisions in a row that nothing is to be done. */
  #since = Number.POSITIVE_INFINITY;
  #idle = Number.POSITIVE_INFINITY;

  constructor(rate: number) {
    this.#ahead = Math.max(1, Math.round(rate * AHEAD_S));
    this.#release = 1 - Math.exp(-1 / (rate * RELEASE_S));
    const size = this.#ahead + TAPS;
    this.#past = [new Float32Array(size), new Float32Array(size)];
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
    for (const plane of this.#past) plane.fill(0);
    this.#needed.fill(1);
    this.#decided.fill(1);
  }

  /** Takes frames in and gives those that are ready. */
  process([left, right]: readonly [Float32Array, Float32Array]): Planes {
    const delay = this.#ahead - 1 + BACK;
    const first = Math.max(0, delay - this.#taken);
    const ready = Math.max(0, left.length - first);
    const out: Planes = [new Float32Array(ready), new Float32Array(ready)];
    const size = this.#past[0].length;
    for (let frame = 0; frame < left.length; frame += 1) {
      const at = this.#taken % size;
      this.#past[0][at] = left[frame] ?? 0;
      this.#past[1][at] = right[frame] ?? 0;
      const gain = this.#gain(at);
      this.#taken += 1;
      if (frame < first) continue;
      const place = (this.#taken - 1 - delay) % size;
      for (const channel of [0, 1] as const) {
        const sample = this.#past[channel][place] ?? 0;
        out[channel][frame - first] = gain === 1 ? sample : sample * gain;
      }
    }
    this.#given += ready;
    return out;
  }

  /** What it still holds, at the end. */
  drain(): Planes {
    const silence = new Float32Array(this.held);
    const out = this.process([silence, silence]);
    this.reset();
    return out;
  }

  /** How loud the frame may be that comes out when the one at place `at` has come in. */
  #gain(at: number): number {
    const peak = this.#peak(at);
    const place = this.#taken % this.#ahead;
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

  /** The true peak around the frame that lies half of the taps back. */
  #peak(at: number): number {
    const size = this.#past[0].length;
    let peak = 0;
    for (const plane of this.#past) {
      let highest = 0;
      for (let tap = 0; tap < TAPS; tap += 1) {
        highest = Math.max(highest, Math.abs(plane[(at - tap + size) % size] ?? 0));
      }
      if (highest <= HARMLESS) continue;
      peak = Math.max(peak, Math.abs(plane[(at - BACK + size) % size] ?? 0));
      for (const weights of WEIGHTS) {
        let sum = 0;
        for (let tap = 0; tap < TAPS; tap += 1) {
          sum += (plane[(at - (TAPS - 1) + tap + size) % size] ?? 0) * (weights[tap] ?? 0);
        }
        peak = Math.max(peak, Math.abs(sum));
      }
    }
    return peak;
  }
}
