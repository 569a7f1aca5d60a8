// Decodes files again and again, by our modules and by their peers in turn, so that both meet the same weather. Runs
// in Node and in a page alike: whoever calls it brings the modules and the bytes.

/** What is decoded, by which of our modules, and how often in a round. */
export const FORMATS = {
  mp3: { file: "long-light.mp3", codec: "mp3", times: 1 },
  flac: { file: "short.flac", codec: "flac", times: 24 },
  vorbis: { file: "long.ogg", codec: "vorbis", times: 2 },
  opus: { file: "short.opus", codec: "opus", times: 6 },
  aac: { file: "short.m4a", codec: "mp4", times: 12 },
};

/** Bytes that are given at once, as a network would. */
const PIECE = 64 << 10;

/** Decodes a file by one of our modules: frames and seconds of sound. */
export function decodeByOurs({ Audio, State, memory }, bytes) {
  const audio = new Audio();
  audio.length(bytes.length);
  let frames = 0;
  for (;;) {
    const state = audio.advance();
    if (state === State.Read) {
      const { at } = audio;
      audio.feed(at, bytes.subarray(at, at + PIECE));
    } else if (state === State.Audio) {
      // A copy of each channel, as the peers give one.
      for (let channel = 0; channel < audio.channels; channel += 1) {
        new Float32Array(memory.buffer, audio.samples(channel) * 4, audio.len).slice();
      }
      frames += audio.len;
    } else if (state !== State.Opened) break;
  }
  const seconds = frames / audio.rate;
  audio.free();
  return { frames, seconds };
}

/** Times real time of ours and of the peer, by format: the median over `rounds`. A format without a peer has none. */
export async function measure(files, ours, peers, rounds) {
  const results = {};
  for (const [format, { times }] of Object.entries(FORMATS)) {
    const bytes = files[format];
    const module = await ours(format);
    const peer = await peers[format]?.();
    const speeds = { ours: [], peer: [] };
    let seconds = 0;
    for (let round = 0; round <= rounds; round += 1) {
      const began = performance.now();
      for (let time = 0; time < times; time += 1) ({ seconds } = decodeByOurs(module, bytes));
      const turned = performance.now();
      for (let time = 0; peer && time < times; time += 1) await peer(bytes);
      const ended = performance.now();
      // The first round warms up.
      if (round === 0) continue;
      speeds.ours.push((times * seconds * 1000) / (turned - began));
      if (peer) speeds.peer.push((times * seconds * 1000) / (ended - turned));
    }
    results[format] = { ours: median(speeds.ours), peer: peer && median(speeds.peer) };
  }
  return results;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
