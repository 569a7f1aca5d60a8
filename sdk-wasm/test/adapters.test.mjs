// Each adapter with the real library, in a real browser, on real audio.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { build } from "esbuild";
import { launch, open } from "./support/browser.mjs";
import { same } from "./support/heard.mjs";
import { Broadcast, playlist } from "./support/hls.mjs";
import { startSite } from "./support/site.mjs";
import { TONE_S } from "./support/tone.mjs";

const SCRIPTS = ["in-page.js", "rendered.js"].map((name) => new URL(`support/${name}`, import.meta.url).pathname);
const MUSIC = readFileSync(new URL("../../examples/demo/music/doorbell-sunrise.mp3", import.meta.url));
const NEAR_MS = 350;
const LIBRARIES = `
  import { Howl } from "howler";
  import Hls from "hls.js";
  import videojs from "video.js";
  import "vidstack/player";
  import WaveSurfer from "wavesurfer.js";
  Object.assign(window, { Howl, Hls, videojs, WaveSurfer });
`;
let browser;
let site;
let media;
let broadcast;
let libraries;
let tabs;
let page;

before(async () => {
  const files = playlist(MUSIC, 4);
  broadcast = new Broadcast(MUSIC, 1);
  media = createServer((request, response) => {
    const body = files.get(request.url) ?? broadcast.get(request.url);
    response.writeHead(body ? 200 : 404, { "access-control-allow-origin": "*" }).end(body);
  }).listen(0, "127.0.0.1");
  const bundled = build({
    stdin: { contents: LIBRARIES, resolveDir: new URL(".", import.meta.url).pathname },
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "error",
    conditions: ["browser", "production"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const [launched, started, { outputFiles }] = await Promise.all([launch(), startSite(), bundled]);
  [browser, site, libraries] = [launched, started, outputFiles[0].text];
});

after(async () => {
  await browser?.close();
  await site?.stop();
  media?.closeAllConnections();
  media?.close();
});

beforeEach(async () => {
  await tabs?.close();
  tabs = await browser.newContext();
  for (const path of SCRIPTS) await tabs.addInitScript({ path });
  await tabs.addInitScript(() => {
    harness.last = async (type, test = () => true) =>
      (await harness.until(({ event }) => event?.type === type && test(event))).event;
    harness.passed = async (read, to) => {
      while (read() < to) await new Promise(requestAnimationFrame);
      return read();
    };
  });
  page = await open(tabs, `${site.origin}/`);
  await page.addScriptTag({ content: libraries });
});

function near(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= NEAR_MS, `${what}: ${actual}, expected about ${expected}`);
}

test("howler.js: a seek, a change of rate, a mute and the end, as they were heard", async () => {
  const { ended, truth } = await page.evaluate(async () => {
    await (await harness.start()).ready;
    const { attachHowl } = await import("/sdk/adapters/howler.js");
    const howl = new Howl({ src: ["/tone.wav"] });
    attachHowl(telemetry, howl, { id: "howl" });
    howl.play();
    await harness.passed(() => howl.seek(), 1);
    const from = howl.seek();
    howl.seek(3);
    await harness.passed(() => howl.seek(), 3.6);
    howl.mute(true);
    const muted = howl.seek();
    await harness.passed(() => howl.seek(), 4.4);
    howl.mute(false);
    const unmuted = howl.seek();
    howl.rate(2);
    const ended = await harness.last("play.ended");
    return { ended, truth: { from, muted, unmuted } };
  });
  assert.equal(ended.reason, "completed");
  assert.equal(ended.seeks, 1);
  const [[a, b], [c, d], [e, f]] = ended.heard;
  near(a, 0, "begins");
  near(b, truth.from * 1000, "until the seek");
  near(c, 3_000, "from the seek on");
  near(d, truth.muted * 1000, "until it was muted");
  near(e, truth.unmuted * 1000, "from when it was not");
  near(f, TONE_S * 1000, "to the end");
  assert.deepEqual(page.wrongs, []);
});

test("howler.js: two sounds of one Howl are two plays, and each turn of a loop is one", async () => {
  const { sessions, reasons } = await page.evaluate(async () => {
    await (await harness.start()).ready;
    const { attachHowl } = await import("/sdk/adapters/howler.js");
    const howl = new Howl({ src: ["/tone.wav"], loop: true });
    const detach = attachHowl(telemetry, howl, () => ({ id: "loop" }));
    const first = howl.play();
    await harness.last("play.started");
    howl.seek(5.4, first);
    await harness.last("play.ended");
    await harness.until(() => seen.filter(({ event }) => event?.type === "play.started").length === 2);
    howl.play();
    await harness.until(() => seen.filter(({ event }) => event?.type === "play.started").length === 3);
    detach();
    await harness.until(() => seen.filter(({ event }) => event?.type === "play.ended").length === 3);
    howl.unload();
    const of = (type) => seen.filter(({ event }) => event?.type === type).map(({ event }) => event);
    return {
      sessions: new Set(of("play.started").map(({ session }) => session)).size,
      reasons: of("play.ended").map(({ reason }) => reason),
    };
  });
  assert.equal(sessions, 3);
  assert.deepEqual(reasons.sort(), ["completed", "stopped", "stopped"]);
  assert.deepEqual(page.wrongs, []);
});

test("each library's player fits its adapter, as TypeScript sees it", () => {
  const root = new URL("../../", import.meta.url).pathname;
  const options =
    "--noEmit --strict --skipLibCheck --ignoreConfig --module esnext --moduleResolution bundler --target es2023 --lib es2023,dom";
  const { status, stdout } = spawnSync(
    "node_modules/.bin/tsc",
    [...options.split(" "), "sdk-wasm/test/support/libraries.ts"],
    { cwd: root, encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
});

/** What element players have in common: plays, seeks, pauses, and detaches. `setUp` runs in the page. */
async function elementPlayer(setUp, source) {
  const { ended, started, truth } = await page.evaluate(
    async ([setUp, source]) => {
      await (await harness.start()).ready;
      const module = await import(
        URL.createObjectURL(new Blob([`export default ${setUp}`], { type: "text/javascript" }))
      );
      const { element, detach } = await module.default(source);
      const audio = await element();
      await audio.play();
      const started = await harness.last("play.started");
      await harness.passed(() => audio.currentTime, 1);
      const from = audio.currentTime;
      audio.currentTime = 4;
      await harness.once(audio, "seeked");
      await harness.passed(() => audio.currentTime, 4.8);
      audio.pause();
      await harness.once(audio, "pause");
      const paused = audio.currentTime;
      detach();
      return { ended: await harness.last("play.ended"), started, truth: { from, paused } };
    },
    [setUp.toString(), source],
  );
  assert.equal(started.track, "through a library");
  assert.equal(ended.reason, "stopped");
  assert.equal(ended.seeks, 1);
  const [[a, b], [c, d]] = ended.heard;
  near(a, 0, "begins");
  near(b, truth.from * 1000, "until the seek");
  near(c, 4_000, "from the seek on");
  near(d, truth.paused * 1000, "until the pause");
  assert.deepEqual(page.wrongs, []);
}

test("hls.js: segments of real music through Media Source Extensions", async () => {
  const setUp = async (source) => {
    const { attachHls } = await import(`${location.origin}/sdk/adapters/hls.js`);
    const hls = new Hls();
    const detach = attachHls(telemetry, hls, { id: "through a library" });
    const element = async () => {
      const audio = document.getElementById("audio");
      hls.loadSource(source);
      hls.attachMedia(audio);
      await harness.once(audio, "canplay");
      return audio;
    };
    return { element, detach };
  };
  await elementPlayer(setUp, `http://127.0.0.1:${media.address().port}/music.m3u8`);
});

test("hls.js: a live playlist that shows nothing new for a while, and then goes on", async () => {
  await page.evaluate(async (source) => {
    await (await harness.start()).ready;
    const { attachHls } = await import("/sdk/adapters/hls.js");
    const hls = new Hls();
    window.audio = document.getElementById("audio");
    window.detach = attachHls(telemetry, hls, { id: "on the air" });
    hls.loadSource(source);
    hls.attachMedia(audio);
    await harness.once(audio, "canplay");
    window.begin = audio.currentTime;
    await audio.play();
    await harness.reached(audio, begin + 2);
  }, `http://127.0.0.1:${media.address().port}/live.m3u8`);
  broadcast.hold();
  await page.evaluate(() => harness.once(audio, "waiting"));
  broadcast.release();
  const { heard, played, started, ended } = await page.evaluate(async () => {
    await harness.once(audio, "playing");
    await harness.reached(audio, audio.currentTime + 2);
    audio.pause();
    await harness.once(audio, "pause");
    detach();
    const ended = await harness.last("play.ended");
    const heard = seen.flatMap(({ event }) => (event?.type === "play.progress" ? event.heard : []));
    const { event: started } = seen.find(({ event }) => event?.type === "play.started");
    return { heard, played: harness.played(audio), started, ended };
  });
  same(heard, played);
  assert.equal(started.duration_ms, undefined, "nobody knows how long it is");
  assert.equal(ended.stalls, 1);
  assert.deepEqual(page.wrongs, []);
});

test("video.js", async () => {
  const setUp = async (source) => {
    const { attachVideoJs } = await import(`${location.origin}/sdk/adapters/videojs.js`);
    const player = videojs(document.getElementById("audio"));
    const detach = attachVideoJs(telemetry, player, { id: "through a library" });
    const element = async () => {
      player.src({ src: source, type: "audio/wav" });
      await new Promise((resolve) => player.one("canplay", resolve));
      return player.el().querySelector("audio, video");
    };
    return { element, detach };
  };
  await elementPlayer(setUp, "/tone.wav");
});

test("Vidstack", async () => {
  const setUp = async (source) => {
    const { attachVidstack } = await import(`${location.origin}/sdk/adapters/vidstack.js`);
    document.body.insertAdjacentHTML(
      "beforeend",
      `<media-player view-type="audio" load="eager" src="${source}"><media-provider></media-provider></media-player>`,
    );
    const player = document.querySelector("media-player");
    const ready = harness.once(player, "can-play");
    const detach = attachVidstack(telemetry, player, { id: "through a library" });
    const element = async () => {
      await ready;
      return player.querySelector("audio, video");
    };
    return { element, detach };
  };
  await elementPlayer(setUp, "/tone.wav");
});

test("wavesurfer.js", async () => {
  const setUp = async (source) => {
    const { attachWaveSurfer } = await import(`${location.origin}/sdk/adapters/wavesurfer.js`);
    const container = document.createElement("div");
    document.body.append(container);
    const surfer = WaveSurfer.create({ container, url: source });
    const attachment = attachWaveSurfer(telemetry, surfer, () => ({ id: "through a library" }));
    const element = async () => {
      await new Promise((resolve) => surfer.once("ready", resolve));
      return surfer.getMediaElement();
    };
    return { element, detach: () => attachment.detach() };
  };
  await elementPlayer(setUp, "/tone.wav");
});
