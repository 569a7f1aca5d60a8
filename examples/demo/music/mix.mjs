// A stereo mix of a given length: what voices write into, and how it is finished (room, level, ends).

export const RATE = 44_100;

export class Mix {
  /** `seconds` is the exact length of what comes out. */
  constructor(seconds) {
    this.frames = Math.round(seconds * RATE);
    this.left = new Float32Array(this.frames);
    this.right = new Float32Array(this.frames);
    this.room = new Float32Array(this.frames);
  }

  /**
   * Adds a voice. `sample(t, i)` gives its value `t` seconds after its beginning; `pan` is from -1 (left) to 1,
   * `wet` the share that the room hears.
   */
  add(at, seconds, gain, sample, { pan = 0, wet = 0.2 } = {}) {
    const begin = Math.round(at * RATE);
    const end = Math.min(this.frames, begin + Math.round(seconds * RATE));
    const angle = ((pan + 1) * Math.PI) / 4;
    const [toLeft, toRight] = [Math.cos(angle) * gain, Math.sin(angle) * gain];
    for (let i = begin; i < end; i += 1) {
      const value = sample((i - begin) / RATE, i - begin);
      this.left[i] += value * toLeft;
      this.right[i] += value * toRight;
      this.room[i] += value * gain * wet;
    }
  }

  /** The finished piece as 16-bit PCM in a WAV file. `room` is the reverberation's length in seconds. */
  finish({ room = 1.8, fadeOut = 1.5 } = {}) {
    this.#reverberate(room);
    const peak = this.#level(fadeOut);
    return this.#wav(peak > 0 ? 0.89 / peak : 0);
  }

  /** A feedback delay network of eight damped lines, mixed by a Householder matrix. */
  #reverberate(seconds) {
    const lengths = [1557, 1617, 1491, 1422, 1277, 1356, 1188, 1116].map((length) => Math.round(length * 1.6));
    const lines = lengths.map((length) => new Float32Array(length));
    const gains = lengths.map((length) => 10 ** ((-3 * length) / (seconds * RATE)));
    const dull = new Float32Array(lines.length);
    const before = Math.round(0.018 * RATE);
    for (let i = 0; i < this.frames; i += 1) {
      const into = i >= before ? this.room[i - before] : 0;
      let sum = 0;
      let [left, right] = [0, 0];
      for (let n = 0; n < lines.length; n += 1) {
        const out = lines[n][i % lengths[n]];
        dull[n] += 0.55 * (out - dull[n]);
        sum += dull[n];
        if (n % 2 === 0) left += dull[n];
        else right += dull[n];
      }
      for (let n = 0; n < lines.length; n += 1) {
        lines[n][i % lengths[n]] = into + gains[n] * (dull[n] - (2 / lines.length) * sum);
      }
      this.left[i] += 0.32 * left;
      this.right[i] += 0.32 * right;
    }
  }

  /** Rounds off peaks, fades both ends, and gives the highest value that is left. */
  #level(fadeOut) {
    let loud = 0;
    for (let i = 0; i < this.frames; i += 1) loud = Math.max(loud, Math.abs(this.left[i]), Math.abs(this.right[i]));
    const drive = 1.5 / loud;
    const fadeIn = Math.round(0.004 * RATE);
    const out = Math.round(fadeOut * RATE);
    let peak = 0;
    for (let i = 0; i < this.frames; i += 1) {
      const begin = Math.min(1, i / fadeIn);
      const end = Math.min(1, (this.frames - 1 - i) / out);
      const fade = begin * end * end * (3 - 2 * end);
      this.left[i] = Math.tanh(this.left[i] * drive) * fade;
      this.right[i] = Math.tanh(this.right[i] * drive) * fade;
      peak = Math.max(peak, Math.abs(this.left[i]), Math.abs(this.right[i]));
    }
    return peak;
  }

  #wav(gain) {
    const bytes = Buffer.alloc(44 + this.frames * 4);
    bytes.write("RIFF", 0, "latin1");
    bytes.writeUInt32LE(bytes.length - 8, 4);
    bytes.write("WAVEfmt ", 8, "latin1");
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(1, 20);
    bytes.writeUInt16LE(2, 22);
    bytes.writeUInt32LE(RATE, 24);
    bytes.writeUInt32LE(RATE * 4, 28);
    bytes.writeUInt16LE(4, 32);
    bytes.writeUInt16LE(16, 34);
    bytes.write("data", 36, "latin1");
    bytes.writeUInt32LE(this.frames * 4, 40);
    for (let i = 0; i < this.frames; i += 1) {
      bytes.writeInt16LE(Math.round(this.left[i] * gain * 32_767), 44 + i * 4);
      bytes.writeInt16LE(Math.round(this.right[i] * gain * 32_767), 46 + i * 4);
    }
    return bytes;
  }
}

/** Random numbers from -1 to 1 that are the same each time. */
export function noise(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state | 0) / 2 ** 31;
  };
}
