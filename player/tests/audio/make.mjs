// Makes the encoded files beside it. Run it where lame, flac, oggenc, opusenc and ffmpeg are installed
// (Debian: lame flac vorbis-tools opus-tools ffmpeg); the files are checked in, so that tests need none of them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
const work = mkdtempSync(join(tmpdir(), "audio-"));
const run = (command, ...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

/** 16-bit WAV of what `at` gives for each time in seconds: a sample per channel, from -1 to 1. */
function wav(name, rate, seconds, channels, at) {
  const frames = Math.round(rate * seconds);
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
    at(frame / rate).forEach((sample, channel) => {
      data.writeInt16LE(Math.round(sample * 32_767), 44 + (frame * channels + channel) * 2);
    });
  }
  const path = join(work, name);
  writeFileSync(path, data);
  return path;
}

// A rising tone with a fifth above it on the right: no two places sound alike, so that a shift of one sample shows.
const sweep = (time, from, to, seconds) =>
  Math.sin(2 * Math.PI * (from * time + ((to - from) * time * time) / (2 * seconds)));
const short = wav("short.wav", 44_100, 1.1, 2, (time) => [
  0.4 * sweep(time, 220, 1_760, 1.1) + 0.2 * Math.sin(2 * Math.PI * 97 * time),
  0.3 * sweep(time, 330, 2_640, 1.1) + 0.2 * Math.sin(2 * Math.PI * 97 * time),
]);
const long = wav("long.wav", 16_000, 36, 1, (time) => [
  (0.3 + 0.2 * Math.sin(time)) * sweep(time, 100, 3_000, 36) + 0.1 * Math.sin(2 * Math.PI * 61 * time),
]);

run(
  "flac",
  "-s",
  "-f",
  "-8",
  "-b",
  "1152",
  "--no-padding",
  "--no-seektable",
  "-T",
  "REPLAYGAIN_TRACK_GAIN=-7.03 dB",
  "-o",
  `${here}/short.flac`,
  short,
);
run("lame", "--quiet", "-b", "96", "--resample", "44.1", "--tt", "Short", short, `${here}/short-cbr.mp3`);
run("lame", "--quiet", "-V", "6", "-t", short, `${here}/short-bare.mp3`);
run("lame", "--quiet", "-V", "9", long, `${here}/long-vbr.mp3`);
run("oggenc", "-Q", "-q", "1", "-o", `${here}/short.ogg`, short);
run("oggenc", "-Q", "-q", "0", "-o", `${here}/long.ogg`, long);
// A tone cut in two in the middle of a wave, each half encoded by itself.
for (const half of [0, 1]) {
  const tone = wav("half.wav", 44_100, 0.5, 1, (time) => [0.5 * Math.sin(2 * Math.PI * 441.7 * (time + half / 2))]);
  run("lame", "--quiet", "-b", "64", "--resample", "44.1", "--tt", "Half", tone, `${here}/half-${half + 1}.mp3`);
}
run("opusenc", "--quiet", "--bitrate", "48", short, `${here}/short.opus`);
// Noise in the place of what is not heard would be another noise after every seek.
const quiet = ["-v", "error", "-y", "-bitexact", "-i", short];
run("ffmpeg", ...quiet, "-c:a", "alac", `${here}/short-alac.m4a`);
run("ffmpeg", ...quiet, "-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", `${here}/short.m4a`);
run("ffmpeg", ...quiet, "-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", `${here}/short.aac`);
rmSync(work, { recursive: true });
