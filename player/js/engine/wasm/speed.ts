// Sound at another speed. With the pitch kept, by WSOLA: pieces of the sound are taken nearer to or farther from each
// other, each moved to where it fits best onto the one before. Else as a tape does it, by interpolation.

/** Gives sound at the speed that it has by itself: `pull` fills both channels and says how many frames there were. */
export type Pull = (left: Float32Array, right: Float32Array) => Promise<number>;

/** Half a piece, in seconds: pieces overlap by it. */
const HALF_S = 0.02;
/** How far a piece may be moved, in seconds: a wave of the deepest voice. */
const SEEK_S = 0.012;
/** What is compared to find where a piece fits: every so manieth frame. */
const SKIP = 4;

export class Speed {
  readonly speed: number;
  readonly #keepPitch: boolean;
  readonly #half: number;
  readonly #seek: number;
  /** Sound that was pulled and may still be needed. */
  #left = new Float32Array(0);
  #right = new Float32Array(0);
  #held = 0;
  #ended = false;
  /** Where the next piece would begin by the speed alone, in held frames. */
  #place = 0;
  /** The half of the last piece that overlaps with the next. */
  #tail: readonly [Float32Array, Float32Array] | undefined;
  /** Frames of the source that were given so far. */
  #given = 0;

  constructor(speed: number, keepPitch: boolean, rate: number) {
    this.speed = speed;
    this.#keepPitch = keepPitch;
    this.#half = Math.round(rate * HALF_S);
    this.#seek = Math.round(rate * SEEK_S);
  }

  /** Frames of the source that what was given stands for. */
  get given(): number {
    return this.#given;
  }

  /** The next piece of sound; none at the end. */
  async next(pull: Pull): Promise<[Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] | undefined> {
    const piece = this.#keepPitch ? await this.#piece(pull) : await this.#tape(pull);
    if (piece) this.#given += piece[0].length * this.speed;
    return piece;
  }

  /** Sees that `frames` are held, unless the source ends before. */
  async #fill(pull: Pull, frames: number): Promise<void> {
    while (this.#held < frames && !this.#ended) {
      const more = Math.max(frames - this.#held, 1024);
      const [left, right] = [new Float32Array(more), new Float32Array(more)];
      const count = await pull(left, right);
      if (count === 0) {
        this.#ended = true;
        return;
      }
      this.#left = append(this.#left.subarray(0, this.#held), left.subarray(0, count));
      this.#right = append(this.#right.subarray(0, this.#held), right.subarray(0, count));
      this.#held += count;
    }
  }

  /** Lets go of what is held before `frame`. */
  #drop(frame: number): void {
    const count = Math.max(0, Math.min(Math.floor(frame), this.#held));
    this.#left = this.#left.slice(count, this.#held);
    this.#right = this.#right.slice(count, this.#held);
    this.#held -= count;
    this.#place -= count;
  }

  async #tape(pull: Pull): Promise<[Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] | undefined> {
    const frames = 1024;
    await this.#fill(pull, Math.ceil(this.#place + frames * this.speed) + 3);
    const most = Math.min(frames, Math.floor((this.#held - 1 - this.#place) / this.speed));
    if (most <= 0) return undefined;
    const out: [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] = [
      new Float32Array(most),
      new Float32Array(most),
    ];
    for (let frame = 0; frame < most; frame += 1) {
      const at = this.#place + frame * this.speed;
      const whole = Math.floor(at);
      out[0][frame] = cubic(this.#left, this.#held, whole, at - whole);
      out[1][frame] = cubic(this.#right, this.#held, whole, at - whole);
    }
    this.#place += most * this.speed;
    this.#drop(this.#place - 2);
    return out;
  }

  async #piece(pull: Pull): Promise<[Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] | undefined> {
    const half = this.#half;
    await this.#fill(pull, Math.ceil(this.#place) + this.#seek + half * 2);
    const tail = this.#tail;
    if (this.#held - this.#place < half * 2) {
      // The end: what is left of the last piece.
      this.#tail = undefined;
      return tail ? [new Float32Array(tail[0]), new Float32Array(tail[1])] : undefined;
    }
    const begin = tail ? this.#fit(tail) : Math.round(this.#place);
    const out: [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] = [
      new Float32Array(half),
      new Float32Array(half),
    ];
    for (const [channel, plane] of [this.#left, this.#right].entries()) {
      const [to, before] = [out[channel], tail?.[channel]];
      if (!to) continue;
      for (let frame = 0; frame < half; frame += 1) {
        const share = (frame + 0.5) / half;
        const sample = plane[begin + frame] ?? 0;
        to[frame] = before ? (before[frame] ?? 0) * (1 - share) + sample * share : sample;
      }
    }
    const [from, end] = [begin + half, begin + half * 2];
    this.#tail = [this.#left.slice(from, end), this.#right.slice(from, end)];
    this.#place += half * this.speed;
    this.#drop(this.#place - this.#seek);
    return out;
  }

  /** Where near `#place` the sound is most like what would have followed on the last piece. */
  #fit(tail: readonly [Float32Array, Float32Array]): number {
    const place = Math.round(this.#place);
    let best = place;
    let most = Number.NEGATIVE_INFINITY;
    const last = Math.min(place + this.#seek, this.#held - this.#half * 2);
    for (let begin = Math.max(0, place - this.#seek); begin <= last; begin += 1) {
      let likeness = 0;
      let power = 1e-9;
      for (let frame = 0; frame < this.#half; frame += SKIP) {
        const here = (this.#left[begin + frame] ?? 0) + (this.#right[begin + frame] ?? 0);
        likeness += here * ((tail[0][frame] ?? 0) + (tail[1][frame] ?? 0));
        power += here * here;
      }
      const score = likeness / Math.sqrt(power);
      if (score > most) [best, most] = [begin, score];
    }
    return best;
  }
}

function append(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** The value between frames `at` and `at + 1` of a curve through four of them. */
function cubic(plane: Float32Array, held: number, at: number, share: number): number {
  const sample = (frame: number) => plane[Math.max(0, Math.min(held - 1, frame))] ?? 0;
  const [a, b, c, d] = [sample(at - 1), sample(at), sample(at + 1), sample(at + 2)];
  const slope = (c - a) / 2;
  const bend = a - 2.5 * b + 2 * c - d / 2;
  const twist = (d - a) / 2 + 1.5 * (b - c);
  return ((twist * share + bend) * share + slope) * share + b;
}
