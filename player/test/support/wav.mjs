// Uncompressed files for tests, made where they are used.

/** A WAV file of 16 bits: `sample` gives each sample, from -1 to 1, by its frame and its channel. */
export function wav({ rate, channels = 1, frames, sample }) {
  const data = Buffer.alloc(44 + frames * channels * 2);
  data.write("RIFF", 0);
  data.writeUInt32LE(data.length - 8, 4);
  data.write("WAVEfmt ", 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(channels, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * channels * 2, 28);
  data.writeUInt16LE(channels * 2, 32);
  data.writeUInt16LE(16, 34);
  data.write("data", 36);
  data.writeUInt32LE(data.length - 44, 40);
  for (let frame = 0; frame < frames; frame += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      data.writeInt16LE(Math.round(sample(frame, channel) * 32_767), 44 + (frame * channels + channel) * 2);
    }
  }
  return data;
}
