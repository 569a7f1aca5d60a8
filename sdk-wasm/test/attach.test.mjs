import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";
import { begin, openPage, page, site, tabs } from "./support/suite.mjs";
import { TONE_S } from "./support/tone.mjs";

// What a media element tells is this coarse when the machine is busy.
const NEAR_MS = 200;
begin();

beforeEach(async () => {
  await tabs.addInitScript(() => {
    harness.reached = async (audio, seconds) => {
      while (audio.currentTime < seconds) await harness.once(audio, "timeupdate");
      return audio.currentTime * 1000;
    };
    harness.ended = async (session) =>
      (await harness.until(({ event }) => event?.type === "play.ended" && event.session === session)).event;
    harness.begun = async (track) =>
      (await harness.until(({ event }) => event?.type === "play.started" && event.track === track)).event;
  });
  await openPage();
});

function near(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= NEAR_MS, `${what}: ${actual}, expected about ${expected}`);
}

test("what is heard is what the element played: around a seek, a pause and a stretch of silence", async () => {
  const { truth, ended, started } = await page.evaluate(async () => {
    const telemetry = await harness.start();
    await telemetry.ready;
    const audio = document.getElementById("audio");
    const attachment = telemetry.attach(audio, { id: "tone" });
    audio.src = "/tone.wav";
    await audio.play();
    const truth = {};
    await harness.reached(audio, 1);
    truth.seekedFrom = audio.currentTime * 1000;
    audio.currentTime = 3;
    await harness.once(audio, "seeked");
    await harness.reached(audio, 4);
    audio.muted = true;
    await harness.once(audio, "volumechange");
    truth.muted = audio.currentTime * 1000;
    await harness.reached(audio, 4.6);
    audio.muted = false;
    await harness.once(audio, "volumechange");
    truth.unmuted = audio.currentTime * 1000;
    await harness.reached(audio, 5.2);
    audio.pause();
    await harness.once(audio, "pause");
    truth.paused = audio.currentTime * 1000;
    const { id } = attachment.session;
    attachment.detach();
    const started = await harness.begun("tone");
    return { truth, ended: await harness.ended(id), started };
  });

  near(started.duration_ms, TONE_S * 1000, "the length comes from the element");
  assert.equal(started.engine, "native");
  assert.equal(ended.reason, "stopped");
  assert.equal(ended.seeks, 1);
  assert.equal(ended.pauses, 1);
  assert.equal(ended.heard.length, 3, JSON.stringify(ended.heard));
  const [[from, seekedFrom], [seekedTo, muted], [unmuted, paused]] = ended.heard;
  near(from, 0, "begins");
  near(seekedFrom, truth.seekedFrom, "until the seek");
  near(seekedTo, 3_000, "from the seek on");
  near(muted, truth.muted, "until it was muted");
  near(unmuted, truth.unmuted, "from when it was not muted any more");
  near(paused, truth.paused, "until the pause");
  assert.deepEqual(page.wrongs, []);
});

test("an element that is used again: the callback names the next track, the old session is replaced", async () => {
  const { first, second, tracks } = await page.evaluate(async () => {
    const telemetry = await harness.start();
    const audio = document.getElementById("audio");
    let current = { id: "one" };
    const attachment = telemetry.attach(audio, () => current);
    audio.src = "/one.wav";
    await audio.play();
    await harness.reached(audio, 0.5);
    const one = attachment.session.id;
    current = { id: "two" };
    audio.src = "/two.wav";
    await audio.play();
    await harness.begun("two");
    const two = attachment.session.id;
    audio.currentTime = 5.5;
    await harness.once(audio, "ended");
    const ended = [await harness.ended(one), await harness.ended(two)];
    const tracks = seen.filter(({ event }) => event?.type === "play.started").map(({ event }) => event.track);
    return { first: ended[0], second: ended[1], tracks };
  });
  assert.deepEqual(tracks, ["one", "two"]);
  assert.equal(first.reason, "replaced");
  near(first.heard[0][1], first.position_ms, "heard up to where it was replaced");
  assert.ok(first.position_ms >= 500 - NEAR_MS);
  assert.equal(second.reason, "completed");
  near(second.position_ms, TONE_S * 1000, "completed at the end");
  assert.equal(second.pauses, 0, "the pause at the end is no pause");
  assert.deepEqual(page.wrongs, []);
});

test("a track that was given once is not credited for another source", async () => {
  const { error, errors, tracks } = await page.evaluate(async () => {
    const telemetry = await harness.start();
    const audio = document.getElementById("audio");
    const attachment = telemetry.attach(audio, { id: "one" });
    audio.src = "/one.wav?signature=a";
    await audio.play();
    await harness.begun("one");
    audio.src = "/one.wav?signature=b";
    await audio.play();
    await harness.until(
      ({ event }) =>
        event?.type === "play.started" && seen.filter((s) => s.event?.type === "play.started").length === 2,
    );
    audio.src = "/two.wav";
    await audio.play();
    const error = await harness.until(({ type }) => type === "error");
    await harness.reached(audio, 1);
    const errors = seen.filter(({ type }) => type === "error").length;
    attachment.track({ id: "two" });
    await harness.begun("two");
    return {
      error: error.code,
      errors,
      tracks: seen.filter(({ event }) => event?.type === "play.started").map(({ event }) => event.track),
    };
  });
  assert.equal(error, "unknown-track");
  assert.equal(errors, 1, "it is said once");
  assert.deepEqual(tracks, ["one", "one", "two"], "a renewed address is the same track");
  assert.deepEqual(page.wrongs, []);
});

test("each turn of a loop is a play of its own", async () => {
  const reasons = await page.evaluate(async () => {
    const telemetry = await harness.start();
    const audio = document.getElementById("audio");
    telemetry.attach(audio, { id: "loop" });
    audio.loop = true;
    audio.src = "/tone.wav";
    await audio.play();
    await harness.begun("loop");
    audio.currentTime = 5.3;
    await harness.until(({ event }) => event?.type === "play.ended");
    await harness.until(() => seen.filter((s) => s.event?.type === "play.started").length === 2);
    audio.pause();
    return seen.filter(({ event }) => event?.type === "play.ended").map(({ event }) => event.reason);
  });
  assert.deepEqual(reasons, ["completed"]);
  assert.deepEqual(page.wrongs, []);
});

test("a source that cannot be decoded disturbs nobody", async () => {
  const thrown = await page.evaluate(async () => {
    const telemetry = await harness.start();
    const audio = document.getElementById("audio");
    telemetry.attach(audio, { id: "broken" });
    audio.src = "/no-such-file.mp3";
    return audio.play().catch((error) => error.name);
  });
  assert.equal(thrown, "NotSupportedError", "the host sees what the element says");
  assert.deepEqual(page.wrongs, []);
});

test("a play that begins before the code is there is heard from its first sound on", async () => {
  const host = await readFile(new URL("../dist/host.js", import.meta.url), "utf8");
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  site.texts.set("/sdk/host.js", () => released.then(() => host));
  await page.evaluate(async () => {
    const audio = document.getElementById("audio");
    audio.src = "/tone.wav";
    const telemetry = await harness.start();
    telemetry.attach(audio, { id: "early" });
    await audio.play();
    await harness.reached(audio, 1.5);
  });
  release();
  const { heard, paused } = await page.evaluate(async () => {
    const audio = document.getElementById("audio");
    await harness.begun("early");
    await harness.reached(audio, 2.5);
    audio.pause();
    await harness.once(audio, "pause");
    const progress = await harness.until(({ event }) => event?.type === "play.progress");
    return { heard: progress.event.heard, paused: audio.currentTime * 1000 };
  });
  assert.equal(heard.length, 1);
  near(heard[0][0], 0, "from the first sound on");
  near(heard[0][1], paused, "until the pause");
  assert.deepEqual(page.wrongs, []);
});
