// HLS playlists of MP3 segments, cut from an MP3 file at its frames.

const BITRATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const RATES = [44_100, 48_000, 32_000];
const SAMPLES = 1152;
// Segments of a broadcast that can be had at a time.
const SHOWN = 6;

/** Files by path, `/music.m3u8` among them, with segments of `seconds` seconds. MPEG-1 Layer III only. */
export function playlist(mp3, seconds) {
  const segments = cut(mp3, seconds);
  const lines = head(seconds, 0);
  const files = new Map();
  for (const [number, { bytes, length }] of segments.entries()) {
    lines.push(...entry(number, length));
    files.set(`/${number}.mp3`, bytes);
  }
  files.set("/music.m3u8", [...lines, "#EXT-X-ENDLIST", ""].join("\n"));
  return files;
}

/** A broadcast that begins when it is first asked for, and repeats the file for ever. It shows its last segments only. */
export class Broadcast {
  #segments;
  #seconds;
  #begun;
  #held;

  constructor(mp3, seconds) {
    this.#segments = cut(mp3, seconds);
    this.#seconds = seconds;
  }

  /** What is at `path`; undefined where nothing is. */
  get(path) {
    if (path === "/live.m3u8") return this.#playlist();
    const [, number] = /^\/live-(\d+)\.mp3$/.exec(path) ?? [];
    return number && this.#segment(Number(number)).bytes;
  }

  /** Nothing new is shown from now on. */
  hold() {
    this.#held = performance.now();
  }

  /** All that came meanwhile is shown, and what comes. */
  release() {
    this.#held = undefined;
  }

  #playlist() {
    const now = this.#held ?? performance.now();
    this.#begun ??= now;
    const oldest = Math.floor((now - this.#begun) / 1000 / this.#seconds);
    const lines = head(this.#seconds, oldest);
    for (let number = oldest; number < oldest + SHOWN; number += 1) {
      lines.push(...entry(`live-${number}`, this.#segment(number).length));
    }
    return [...lines, ""].join("\n");
  }

  #segment(number) {
    return this.#segments[number % this.#segments.length];
  }
}

function head(seconds, first) {
  return ["#EXTM3U", "#EXT-X-VERSION:3", `#EXT-X-TARGETDURATION:${seconds + 1}`, `#EXT-X-MEDIA-SEQUENCE:${first}`];
}

function entry(name, length) {
  return [`#EXTINF:${length.toFixed(6)},`, `${name}.mp3`];
}

/** The file in pieces of about so many seconds. */
function cut(mp3, seconds) {
  const segments = [];
  let at = mp3.toString("latin1", 0, 3) === "ID3" ? 10 + synchsafe(mp3.subarray(6, 10)) : 0;
  let begin = at;
  let length = 0;
  const end = () => {
    if (length > 0) segments.push({ bytes: mp3.subarray(begin, at), length });
    begin = at;
    length = 0;
  };
  while (at + 4 <= mp3.length && mp3[at] === 0xff && (mp3[at + 1] & 0xfe) === 0xfa) {
    const rate = RATES[(mp3[at + 2] >> 2) & 3];
    const padding = (mp3[at + 2] >> 1) & 1;
    at += Math.floor((144_000 * BITRATES[mp3[at + 2] >> 4]) / rate) + padding;
    length += SAMPLES / rate;
    if (length >= seconds) end();
  }
  end();
  return segments;
}

function synchsafe(bytes) {
  return bytes.reduce((value, byte) => value * 128 + byte, 0);
}
