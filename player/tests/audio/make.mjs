// Makes the encoded files beside it. Run it where lame, flac, oggenc, opusenc and ffmpeg are installed
// (Debian: lame flac vorbis-tools opus-tools ffmpeg); the files are checked in, so that tests need none of them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wav } from "../../test/support/wav.mjs";
import { half, LONG, SHORT } from "./tones.mjs";

const here = import.meta.dirname;
const work = mkdtempSync(join(tmpdir(), "audio-"));
const run = (command, ...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

function source(name, tone) {
  const path = join(work, name);
  writeFileSync(path, wav(tone));
  return path;
}

const short = source("short.wav", SHORT);
const long = source("long.wav", LONG);

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
// Each half is encoded by itself.
for (const number of [0, 1]) {
  const tone = source("half.wav", half(number));
  run("lame", "--quiet", "-b", "64", "--resample", "44.1", "--tt", "Half", tone, `${here}/half-${number + 1}.mp3`);
}
run("opusenc", "--quiet", "--bitrate", "48", short, `${here}/short.opus`);
// Noise in the place of what is not heard would be another noise after every seek.
const quiet = ["-v", "error", "-y", "-bitexact", "-i", short];
run("ffmpeg", ...quiet, "-c:a", "alac", `${here}/short-alac.m4a`);
run("ffmpeg", ...quiet, "-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", `${here}/short.m4a`);
run("ffmpeg", ...quiet, "-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", `${here}/short.aac`);
rmSync(work, { recursive: true });
