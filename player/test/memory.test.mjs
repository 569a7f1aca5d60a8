// What a player remembers over a reload, and what it has ready before it is needed, in a real browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, page, run } from "./support/suite.mjs";

begin();

test("the queue, its order, its history and the place in the track are there after a reload, if asked", async () => {
  await run(async () => {
    await harness.start({ remember: { queue: true } });
    player.queue.add(...["doorbell-sunrise", "paper-lanterns", "night-bus-home"].map(harness.music));
    player.queue.repeat = "all";
    await player.play();
    await harness.state("playing");
    player.next();
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
    await harness.state("playing");
    player.seek(6_000);
    await harness.until(({ type }) => type === "seeked");
    player.pause();
    await harness.state("paused");
  });
  await page.reload();
  const back = await page.evaluate(async () => {
    await harness.start({ remember: { queue: true } });
    const { queue, positionMs, state } = player;
    const restored = {
      ids: queue.tracks.map(({ id }) => id),
      current: queue.current.id,
      repeat: queue.repeat,
      history: queue.history.map(({ id }) => id),
      positionMs,
      state,
    };
    await player.play();
    return { ...restored, playedFrom: told.find(({ type }) => type === "playing").detail.positionMs };
  });
  assert.deepEqual(back.ids, ["doorbell-sunrise", "paper-lanterns", "night-bus-home"]);
  assert.deepEqual([back.current, back.repeat, back.state], ["paper-lanterns", "all", "idle"]);
  assert.deepEqual(back.history, ["doorbell-sunrise", "paper-lanterns"]);
  assert.ok(back.positionMs >= 6_000, `the place is shown before anything is loaded: ${back.positionMs}`);
  assert.ok(back.playedFrom >= back.positionMs - 50, `and it begins there: ${back.playedFrom}`);
});

test("without being asked the queue is forgotten and the volume kept; neither, where that is not wanted", async () => {
  await run(async () => {
    await harness.start();
    player.queue.add(harness.music("doorbell-sunrise"));
    player.volume = 0.4;
    await harness.until(({ type, detail }) => type === "volumechange" && detail.volume === 0.4);
    player.muted = true;
    await harness.until(({ type, detail }) => type === "volumechange" && detail.muted);
  });
  await page.reload();
  const told = await page.evaluate(async () => {
    const kept = await harness.start();
    const other = await harness.start({ remember: { name: "another" } });
    const none = await harness.start({ remember: false });
    const keys = Object.keys(localStorage);
    return { kept: [kept.volume, kept.muted, kept.queue.tracks.length], other: other.volume, none: none.volume, keys };
  });
  assert.deepEqual(told.kept, [0.4, true, 0]);
  assert.equal(told.other, 1);
  assert.equal(told.none, 1);
  assert.deepEqual(told.keys, ["delistening.player.volume"]);
});

test("what lies in the storage may be anything, and a page without storage plays too", async () => {
  const told = await run(async () => {
    localStorage.setItem("delistening.player.volume", "}{");
    localStorage.setItem("delistening.player.queue", '{"tracks":[{}]}');
    localStorage.setItem("delistening.player.place", '{"positionMs":"x"}');
    await harness.start({ remember: { queue: true } });
    const strange = [player.volume, player.queue.tracks.length, player.positionMs];
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("forbidden", "SecurityError");
      },
    });
    await harness.start({ remember: { queue: true } });
    player.queue.add(harness.music("doorbell-sunrise"));
    player.volume = 0.2;
    await player.play();
    return { strange, state: player.state, volume: player.volume };
  });
  assert.deepEqual(told, { strange: [1, 0, 0], state: "playing", volume: 0.2 });
});

test("while a track plays its place is written again and again, and the queue is not", async () => {
  const written = await run(async () => {
    await harness.start({ remember: { queue: true } });
    player.queue.add(harness.music("doorbell-sunrise"));
    await player.play();
    await harness.state("playing");
    const keys = [];
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (key, value) {
      keys.push(key);
      setItem.call(this, key, value);
    };
    player.rate = 4;
    while (keys.length === 0) await harness.until(({ type }) => type === "timeupdate", window.told.length);
    Storage.prototype.setItem = setItem;
    return keys;
  });
  assert.deepEqual(new Set(written), new Set(["delistening.player.place"]));
});

test("the place before a track is loaded is of that track alone", async () => {
  const told = await run(async () => {
    await harness.start();
    player.queue.add(harness.music("doorbell-sunrise"), harness.music("paper-lanterns"));
    player.seek(5_000);
    const before = player.positionMs;
    player.queue.select(1);
    const other = player.positionMs;
    await player.play();
    return { before, other, from: window.told.find(({ type }) => type === "playing").detail.positionMs };
  });
  assert.equal(told.before, 5_000);
  assert.equal(told.other, 0);
  assert.ok(told.from < 2_000, `${told.from}`);
});

test("the next track is loaded before the present one ends, by an element that then plays it", async () => {
  const told = await run(async () => {
    await harness.start();
    player.queue.add(harness.music("doorbell-sunrise"), harness.music("paper-lanterns"));
    const asked = () =>
      performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/paper-lanterns.mp3")).length;
    await player.play();
    while (asked() === 0) await harness.until(({ type }) => type === "timeupdate", window.told.length);
    const early = player.track.id;
    player.volume = 0.3;
    player.seek(11_500);
    await harness.until(({ type, detail }) => type === "trackchange" && detail.track.id === "paper-lanterns");
    await harness.until(
      ({ type }) => type === "playing",
      window.told.findIndex(({ type }) => type === "ended"),
    );
    return { early, now: player.track.id, volume: player.volume, duration: player.durationMs > 0 };
  });
  assert.deepEqual(told, { early: "doorbell-sunrise", now: "paper-lanterns", volume: 0.3, duration: true });
});
