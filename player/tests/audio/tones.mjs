// What the encoded files beside this were made from.

// A rising tone: no two places sound alike, so that a shift of one sample shows.
const sweep = (time, from, to, seconds) =>
  Math.sin(2 * Math.PI * (from * time + ((to - from) * time * time) / (2 * seconds)));

/** A tone with a fifth above it on the right: as `wav()` takes it. */
export const SHORT = {
  rate: 44_100,
  channels: 2,
  frames: 48_510,
  sample(frame, channel) {
    const time = frame / 44_100;
    const [height, from, to] = channel === 0 ? [0.4, 220, 1_760] : [0.3, 330, 2_640];
    return height * sweep(time, from, to, 1.1) + 0.2 * Math.sin(2 * Math.PI * 97 * time);
  },
};

export const LONG = {
  rate: 16_000,
  frames: 576_000,
  sample(frame) {
    const time = frame / 16_000;
    return (0.3 + 0.2 * Math.sin(time)) * sweep(time, 100, 3_000, 36) + 0.1 * Math.sin(2 * Math.PI * 61 * time);
  },
};

/** A tone cut in two in the middle of a wave: half 0 or 1. */
export const half = (number) => ({
  rate: 44_100,
  frames: 22_050,
  sample: (frame) => 0.5 * Math.sin(2 * Math.PI * 441.7 * (frame / 44_100 + number / 2)),
});
