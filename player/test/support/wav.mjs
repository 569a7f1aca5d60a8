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

/** The same as an AIFF file. */
export function aiff({ rate, channels = 1, frames, sample }) {
  const bytes = frames * channels * 2;
  const data = Buffer.alloc(54 + bytes);
  data.write("FORM", 0);
  data.writeUInt32BE(data.length - 8, 4);
  data.write("AIFFCOMM", 8);
  data.writeUInt32BE(18, 16);
  data.writeUInt16BE(channels, 20);
  data.writeUInt32BE(frames, 22);
  data.writeUInt16BE(16, 26);
  // A float of 80 bits: the exponent, and a mantissa whose first bit is not left out.
  const exponent = Math.floor(Math.log2(rate));
  data.writeUInt16BE(16_383 + exponent, 28);
  data.writeBigUInt64BE(BigInt(rate) << BigInt(63 - exponent), 30);
  data.write("SSND", 38);
  data.writeUInt32BE(8 + bytes, 42);
  for (let frame = 0; frame < frames; frame += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      data.writeInt16BE(Math.round(sample(frame, channel) * 32_767), 54 + (frame * channels + channel) * 2);
    }
  }
  return data;
}
