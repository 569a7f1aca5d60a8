// Composes the demo's music: renders the pieces of songs.mjs, encodes them to MP3, draws their covers and writes
// tracks.json. The same each time. Needs lame or ffmpeg; run it only to change the music, its results are kept.
//
//     node examples/demo/music/compose.mjs

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cover } from "./artwork.mjs";
import { Mix, RATE } from "./mix.mjs";
import { songs } from "./songs.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ARTIST = "The Delistening House Band";
const RELEASE = "Four Small Rooms";
const KBPS = 96;

const ENCODERS = [
  ["lame", (wav, mp3, tags) => ["--quiet", "-b", KBPS, "-q", "2", "--id3v2-only", ...lameTags(tags), wav, mp3]],
  ["ffmpeg", (wav, mp3, tags) => ["-v", "error", "-y", "-i", wav, ...ffmpegTags(tags), "-b:a", `${KBPS}k`, mp3]],
];

const lameTags = ({ title }) => ["--tt", title, "--ta", ARTIST, "--tl", RELEASE];
const ffmpegTags = ({ title }) =>
  Object.entries({ title, artist: ARTIST, album: RELEASE }).flatMap(([name, value]) => [
    "-metadata",
    `${name}=${value}`,
  ]);

function encode(wav, mp3, tags) {
  for (const [program, args] of ENCODERS) {
    const { error, status, stderr } = spawnSync(program, args(wav, mp3, tags).map(String));
    if (error?.code === "ENOENT") continue;
    if (status !== 0) throw new Error(`${program} failed: ${error ?? stderr}`);
    return;
  }
  throw new Error("lame or ffmpeg is needed: apt-get install lame");
}

const work = mkdtempSync(join(tmpdir(), "compose-"));
try {
  const tracks = songs.map((song) => {
    const mix = new Mix(song.seconds);
    song.play(mix);
    const wav = join(work, `${song.id}.wav`);
    writeFileSync(wav, mix.finish(song.finish));
    const mp3 = join(HERE, `${song.id}.mp3`);
    encode(wav, mp3, song);
    writeFileSync(join(HERE, `${song.id}.svg`), cover(song, mix.left));
    console.log(`${song.id}  ${mix.frames / RATE} s  ${statSync(mp3).size} bytes`);
    return {
      id: song.id,
      title: song.title,
      artist: ARTIST,
      artistId: "delistening-house-band",
      release: RELEASE,
      releaseId: "four-small-rooms",
      durationMs: Math.round((mix.frames / RATE) * 1000),
      src: `${song.id}.mp3`,
      artwork: `${song.id}.svg`,
      licence: "CC0-1.0",
    };
  });
  writeFileSync(join(HERE, "tracks.json"), `${JSON.stringify({ tracks }, undefined, 2)}\n`);
} finally {
  rmSync(work, { recursive: true });
}
