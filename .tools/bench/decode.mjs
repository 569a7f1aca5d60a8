// `npm run bench:decode`: how many times faster than real time our modules decode, beside the peers of their kind, in
// Node and in Chromium; how soon there is sound, beside `<audio>` and decodeAudioData; and the memory that takes.
// A table for people and, as the last line, one line of JSON.

import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PEERS } from "../lib/peers.mjs";
import { ROOT } from "../lib/run.mjs";
import { FORMATS, measure, median } from "./rounds.mjs";

const FOLDERS = [join(ROOT, "player/tests/audio"), join(ROOT, "examples/demo/music")];
const WORK = "target/bench-decode";

export async function benchDecode({ rounds = 7 } = {}) {
  const bundle = await bundlePeers();
  const node = await inNode(rounds);
  const chromium = await inChromium(rounds, bundle);
  print("Node", node.speeds);
  print("Chromium", chromium.speeds);
  const { first } = chromium;
  console.log(`\nFirst sound of ${FORMATS.mp3.file}, in milliseconds from the address on (Chromium, local server):`);
  console.log(
    `  WASM engine ${first.wasm.toFixed(0)}   <audio> ${first.native.toFixed(0)}   decodeAudioData ${first.whole.toFixed(0)}`,
  );
  console.log(
    "\nMemory of the decoder after the whole file, in MB (WASM), and of all that decodeAudioData gives at once:",
  );
  console.log(`  ours ${node.memoryMb.toFixed(1)}   decodeAudioData ${chromium.wholeMb.toFixed(1)}\n`);
  const over = (format) =>
    round(Math.min(...[node, chromium].map(({ speeds }) => speeds[format].ours / speeds[format].peer)));
  console.log(
    JSON.stringify({
      mp3_over_peer: over("mp3"),
      flac_over_peer: over("flac"),
      vorbis_over_peer: over("vorbis"),
      opus_over_peer: over("opus"),
      aac_times_realtime: round(node.speeds.aac.ours),
      first_audio_ms: round(first.wasm),
      first_audio_native_ms: round(first.native),
      peak_mb: round(node.memoryMb),
    }),
  );
}

function fileOf(name) {
  for (const folder of FOLDERS) {
    try {
      return new Uint8Array(readFileSync(join(folder, name)));
    } catch {
      // In the other.
    }
  }
  throw new Error(`${name} is missing`);
}

const files = () => Object.fromEntries(Object.entries(FORMATS).map(([format, { file }]) => [format, fileOf(file)]));

/** The peers as one file for a page; and, as they stand, for Node. */
async function bundlePeers() {
  mkdirSync(join(ROOT, WORK), { recursive: true });
  const { build } = await import("esbuild");
  const options = {
    absWorkingDir: ROOT,
    entryPoints: [".tools/bench/peers.mjs"],
    bundle: true,
    format: "esm",
    logLevel: "error",
    nodePaths: [join(ROOT, PEERS, "node_modules")],
  };
  await build({ ...options, platform: "browser", outfile: `${WORK}/peers.browser.js` });
  // Beside what it names, where Node finds it.
  cpSync(join(ROOT, ".tools/bench/peers.mjs"), join(ROOT, PEERS, "peers.mjs"));
  return `${WORK}/peers.browser.js`;
}

async function inNode(rounds) {
  const { PEERS: peers } = await import(pathToFileURL(join(ROOT, PEERS, "peers.mjs")).href);
  const memories = {};
  const ours = async (format) => {
    const folder = join(ROOT, "player/dist/wasm", FORMATS[format].codec);
    const bindings = await import(pathToFileURL(join(folder, "delistening_player.js")).href);
    const wasm = readFileSync(join(folder, "delistening_player_bg.wasm"));
    const { memory } = await bindings.default({ module_or_path: wasm });
    memories[format] = memory;
    return { ...bindings, memory };
  };
  const speeds = await measure(files(), ours, peers, rounds);
  return { speeds, memoryMb: memories.mp3.buffer.byteLength / 1e6 };
}

async function inChromium(rounds, bundle) {
  const { launch } = await import("../../tests/support/browser.mjs");
  const { startSite } = await import("../../tests/support/site.mjs");
  const [browser, site] = await Promise.all([
    launch(),
    startSite({
      folders: {
        player: join(ROOT, "player/dist"),
        audio: FOLDERS[0],
        music: FOLDERS[1],
        bench: join(ROOT, ".tools/bench"),
        peers: join(ROOT, bundle, ".."),
      },
      pages: { "/": "<!doctype html><title>bench</title>" },
    }),
  ]);
  try {
    const page = await browser.newPage();
    await page.goto(site.origin);
    const speeds = await page.evaluate(speedsInPage, rounds);
    const times = [];
    let wholeMb = 0;
    for (let round = 0; round < 5; round += 1) {
      await page.goto(`${site.origin}/?${round}`);
      const time = await page.evaluate(firstSound, `/music/${FORMATS.mp3.file}?${round}`);
      wholeMb = time.wholeMb;
      times.push(time);
    }
    const first = (name) => median(times.map((time) => time[name]));
    return { speeds, first: { wasm: first("wasm"), native: first("native"), whole: first("whole") }, wholeMb };
  } finally {
    await browser.close();
    await site.stop();
  }
}

/** Runs in the page. */
async function speedsInPage(rounds) {
  const { FORMATS, measure } = await import("/bench/rounds.mjs");
  const { PEERS } = await import("/peers/peers.browser.js");
  const files = {};
  for (const [format, { file }] of Object.entries(FORMATS)) {
    const folder = file.startsWith("long-light") ? "music" : "audio";
    files[format] = new Uint8Array(await (await fetch(`/${folder}/${file}`)).arrayBuffer());
  }
  const ours = async (format) => {
    const folder = `/player/wasm/${FORMATS[format].codec}`;
    const bindings = await import(`${folder}/delistening_player.js`);
    const { memory } = await bindings.default({ module_or_path: `${folder}/delistening_player_bg.wasm` });
    return { ...bindings, memory };
  };
  return measure(files, ours, PEERS, rounds);
}

/** Runs in a page that has loaded nothing yet. */
async function firstSound(src) {
  const { WasmEngine } = await import("/player/engine/wasm/engine.js");
  const engine = new WasmEngine();
  let began = performance.now();
  engine.load(`${src}&wasm`);
  await engine.play();
  const wasm = performance.now() - began;
  engine.close();
  began = performance.now();
  const audio = new Audio(`${src}&native`);
  const playing = new Promise((resolve) => {
    audio.addEventListener("playing", resolve);
  });
  await audio.play();
  await playing;
  const native = performance.now() - began;
  audio.pause();
  began = performance.now();
  const context = new AudioContext();
  const bytes = await (await fetch(`${src}&whole`)).arrayBuffer();
  const buffer = await context.decodeAudioData(bytes);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  const whole = performance.now() - began;
  await context.close();
  return { wasm, native, whole, wholeMb: (buffer.length * buffer.numberOfChannels * 4) / 1e6 };
}

function print(where, speeds) {
  console.log(`\n${where}: times real time, one thread, the median of rounds in turn.\n`);
  console.log(["".padEnd(8), "ours", "peer", "ratio"].map((cell) => cell.padStart(9)).join(""));
  for (const [format, { ours, peer }] of Object.entries(speeds)) {
    const cells = [ours.toFixed(0), peer ? peer.toFixed(0) : "-", peer ? (ours / peer).toFixed(2) : "-"];
    console.log([format.padStart(9), ...cells.map((cell) => cell.padStart(9))].join(""));
  }
}

function round(value) {
  return Math.round(value * 100) / 100;
}
