// WAV files made on the spot.
export const TONE_S = 6;
const RATE = 8_000;

/** A quiet tone of TONE_S seconds. */
export function tone() {
  return wav(TONE_S, [(t) => 0.1 * Math.sin(2 * Math.PI * 440 * t)]);
}

/** Sound that says where it is: the right channel over the left one is the share of the file that has passed. */
export function ramp(seconds, rate = RATE) {
  return wav(seconds, [() => 0.25, (t) => (0.25 * t) / seconds], rate);
}

/** The same as a stream that does not say how long it is: what it begins with, and each second of it. */
export function stream(seconds) {
  const bytes = ramp(seconds, 48_000);
  for (const at of [4, 40]) bytes.writeUInt32LE(0xffff_ffff, at);
  const second = (bytes.length - 44) / seconds;
  return { head: bytes.subarray(0, 44), part: (from, to) => bytes.subarray(44 + from * second, 44 + to * second) };
}

/** 16 bits, a channel per function of the time in seconds. */
function wav(seconds, channels, rate = RATE) {
  const frames = rate * seconds;
  const frame = channels.length * 2;
  const bytes = Buffer.alloc(44 + frames * frame);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + frames * frame, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * frame, 28);
  bytes.writeUInt16LE(frame, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(frames * frame, 40);
  for (let i = 0; i < frames; i += 1) {
    for (const [n, sample] of channels.entries()) {
      bytes.writeInt16LE(Math.round(32_767 * sample(i / rate)), 44 + i * frame + n * 2);
    }
  }
  return bytes;
}
