// Streams of any length, and files that are not what they say, in a real browser: memory stays as it is, and nothing hangs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chromiumOnly } from "../../tests/support/browser.mjs";
import { send } from "../../tests/support/site.mjs";
import { begin, page, run } from "./support/suite.mjs";

const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const mp3 = readFileSync(new URL("../tests/audio/short-cbr.mp3", import.meta.url));
const flac = readFileSync(new URL("../tests/audio/short.flac", import.meta.url));
/** Frames of MP3 without the first, which tells a length. */
const frames = mp3.subarray(mp3.indexOf(Buffer.from([0xff, 0xfb]), mp3.indexOf(Buffer.from([0xff, 0xfb])) + 300));
const block = Buffer.concat(Array.from({ length: 20 }, () => frames));
/** A tag before the sound, as a picture of high resolution makes it. */
const tagged = Buffer.concat([
  Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, ...[21, 14, 7, 0].map((shift) => (5_000_000 >> shift) & 127)]),
  Buffer.alloc(5_000_000, 0xff),
  mp3,
]);
/** Connections of the endless stream that were let go. */
let letGo = 0;
const flipped = Buffer.from(flac);
for (let at = 4_000; at < flipped.length; at += 977) flipped[at] ^= 1 << (at % 8);

const handlers = {
  // A radio station: it tells no length and goes on for as long as it is heard.
  "/radio.mp3": async (_request, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg" });
    let isOpen = true;
    let go = () => {};
    response.on("drain", () => go());
    response.on("close", () => {
      isOpen = false;
      letGo += 1;
      go();
    });
    while (isOpen) {
      const drained = new Promise((resolve) => {
        go = resolve;
      });
      if (!response.write(block)) await drained;
    }
  },
  "/tagged.mp3": (request, response) => send(request, response, tagged, "audio/mpeg"),
  "/flipped.flac": (request, response) => send(request, response, flipped, "audio/flac"),
  "/noise.mp3": (request, response) => send(request, response, Buffer.alloc(3_000_000, 0x55), "audio/mpeg"),
};

begin({
  handlers,
  headers: ISOLATED,
  // Memory is measured when it is asked for, not minutes later.
  browser: { args: ["--enable-blink-features=ForceEagerMeasureMemory"] },
});

chromiumOnly("half an hour of a stream takes no more memory than its first minutes", async () => {
  const told = await run(async () => {
    // The engine's own worker, and in the place of the speakers something that hears as fast as it is given.
    const worker = new Worker("/player/engine/wasm/worker.js", { type: "module" });
    const { port1, port2 } = new MessageChannel();
    let heard = 0;
    let until = 0;
    let reached = () => {};
    const hear = () =>
      port1.postMessage({ at: heard, heard, glitches: 0, starving: false, ended: false, holding: false });
    port1.onmessage = ({ data }) => {
      if (data.type !== "chunk") return;
      heard = data.at + data.planes[0].length;
      if (heard < until) hear();
      else reached();
    };
    const listen = async (seconds) => {
      until = seconds * 44_100;
      await new Promise((resolve) => {
        reached = resolve;
        hear();
      });
      const { bytes } = await performance.measureUserAgentSpecificMemory();
      return bytes;
    };
    const failed = new Promise((_, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.type === "opened") worker.postMessage({ type: "connect", port: port2, rate: 44_100 }, [port2]);
        if (data.type === "failed") reject(new Error(data.message));
      };
    });
    worker.postMessage({ type: "set", speed: 1, keepPitch: true, crossfadeMs: 0, gain: "off" });
    worker.postMessage({ type: "load", id: 1, src: `${location.origin}/radio.mp3`, positionMs: 0 });
    const measured = (async () => [await listen(60), await listen(600), await listen(1_200), await listen(1_800)])();
    const bytes = await Promise.race([measured, failed]);
    worker.postMessage({ type: "stop" });
    return { bytes, seconds: heard / 44_100 };
  });
  const megabytes = told.bytes.map((bytes) => bytes / 1e6);
  assert.ok(told.seconds >= 1_800);
  const [, first, second, third] = megabytes;
  // Fourteen megabytes of the file went by in between, and four hundred of what it was decoded to.
  assert.ok(Math.max(second, third) - first < 6, `${megabytes.map((value) => value.toFixed(2))} MB`);
  assert.ok(third < 40, `${third} MB`);
});

test("a stream that never ends plays, has no length, and is let go when it is stopped", async () => {
  const before = letGo;
  const told = await run(async () => {
    await harness.start({ engine: "wasm" });
    player.queue.add({ src: "/radio.mp3", id: "radio" });
    await player.play();
    await harness.reached(700);
    player.pause();
    await harness.state("paused");
    const seen = { duration: player.durationMs, position: player.positionMs };
    await player.play();
    player.seek(player.positionMs + 200);
    await harness.until(({ type }) => type === "seeked");
    player.stop();
    return { ...seen, state: player.state, errors: window.told.filter(({ type }) => type === "error").length };
  });
  assert.equal(told.duration, undefined);
  assert.ok(told.position >= 700);
  assert.deepEqual([told.state, told.errors], ["idle", 0]);
  await page.evaluate(() => fetch("/"));
  while (letGo === before) await new Promise((resolve) => setImmediate(resolve));
});

test("a tag of five megabytes is read past; flipped bits are heard past; noise is no music", async () => {
  const told = await run(async () => {
    const outcomes = {};
    for (const path of ["/tagged.mp3", "/flipped.flac", "/noise.mp3"]) {
      const engine = await harness.engine();
      engine.load(path);
      const outcome = harness.signal(({ type }) => type === "ended" || type === "failed");
      await engine.play().catch(() => {});
      const { type, code } = await outcome;
      outcomes[path] = [code ?? type, engine.rendered.frames, engine.positionMs];
      engine.close();
    }
    return outcomes;
  });
  assert.deepEqual(told["/tagged.mp3"].slice(0, 2), ["ended", 48_510]);
  const [outcome, heard, positionMs] = told["/flipped.flac"];
  assert.equal(outcome, "ended");
  assert.ok(heard > 20_000 && heard <= 48_510, `${heard} frames`);
  assert.ok(positionMs <= 1_100);
  assert.deepEqual(told["/noise.mp3"].slice(0, 2), ["unplayable", 0]);
});
