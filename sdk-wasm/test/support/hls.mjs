// An HLS playlist of MP3 segments, cut from an MP3 file at its frames.

const BITRATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const RATES = [44_100, 48_000, 32_000];
const SAMPLES = 1152;

/** Files by path, `/music.m3u8` among them, with segments of `seconds` seconds. MPEG-1 Layer III only. */
export function playlist(mp3, seconds) {
  const segments = [];
  let at = mp3.toString("latin1", 0, 3) === "ID3" ? 10 + synchsafe(mp3.subarray(6, 10)) : 0;
  let begin = at;
  let length = 0;
  const cut = () => {
    if (length > 0) segments.push({ bytes: mp3.subarray(begin, at), length });
    begin = at;
    length = 0;
  };
  while (at + 4 <= mp3.length && mp3[at] === 0xff && (mp3[at + 1] & 0xfe) === 0xfa) {
    const rate = RATES[(mp3[at + 2] >> 2) & 3];
    const padding = (mp3[at + 2] >> 1) & 1;
    at += Math.floor((144_000 * BITRATES[mp3[at + 2] >> 4]) / rate) + padding;
    length += SAMPLES / rate;
    if (length >= seconds) cut();
  }
  cut();
  const lines = ["#EXTM3U", "#EXT-X-VERSION:3", `#EXT-X-TARGETDURATION:${seconds + 1}`, "#EXT-X-MEDIA-SEQUENCE:0"];
  const files = new Map();
  for (const [number, { bytes, length: duration }] of segments.entries()) {
    lines.push(`#EXTINF:${duration.toFixed(6)},`, `${number}.mp3`);
    files.set(`/${number}.mp3`, bytes);
  }
  files.set("/music.m3u8", [...lines, "#EXT-X-ENDLIST", ""].join("\n"));
  return { files, segments: segments.length };
}

function synchsafe(bytes) {
  return bytes.reduce((value, byte) => value * 128 + byte, 0);
}
