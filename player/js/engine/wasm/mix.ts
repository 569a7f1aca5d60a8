// Any channels as two, by the weights of ITU-R BS.775.

import type { Decoder } from "./codecs.js";

const HALF = Math.SQRT1_2;
/** Weights on the left and on the right, in the order of channels of WAV: L R C LFE and the surrounding ones. */
const WEIGHTS: readonly (readonly (readonly [number, number])[])[] = [
  [[1, 1]],
  [
    [1, 0],
    [0, 1],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, HALF],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, 0],
    [0, HALF],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, HALF],
    [HALF, 0],
    [0, HALF],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, HALF],
    [0, 0],
    [HALF, 0],
    [0, HALF],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, HALF],
    [0, 0],
    [0.5, 0.5],
    [HALF, 0],
    [0, HALF],
  ],
  [
    [1, 0],
    [0, 1],
    [HALF, HALF],
    [0, 0],
    [HALF, 0],
    [0, HALF],
    [HALF, 0],
    [0, HALF],
  ],
];

/** Puts `count` frames of what is decoded, from frame `from` on, into `left` and `right` from `at` on. */
export function mixDown(
  { audio, memory }: Decoder,
  from: number,
  count: number,
  left: Float32Array,
  right: Float32Array,
  at: number,
): void {
  const { channels } = audio;
  const plane = (channel: number) => new Float32Array(memory.buffer, (audio.samples(channel) + from) * 4, count);
  if (channels <= 2) {
    left.set(plane(0), at);
    right.set(plane(channels - 1), at);
    return;
  }
  const weights = WEIGHTS[channels - 1] ?? [];
  const sum = Math.max(...[0, 1].map((side) => weights.reduce((all, pair) => all + (pair[side] ?? 0), 0)));
  left.fill(0, at, at + count);
  right.fill(0, at, at + count);
  for (const [channel, [toLeft, toRight]] of weights.entries()) {
    const samples = plane(channel);
    for (let frame = 0; frame < count; frame += 1) {
      const sample = samples[frame] ?? 0;
      left[at + frame] = (left[at + frame] ?? 0) + (sample * toLeft) / sum;
      right[at + frame] = (right[at + frame] ?? 0) + (sample * toRight) / sum;
    }
  }
}
