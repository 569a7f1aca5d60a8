// What is told as heard is what the element has played, by its own account. For what comes out of a page that is hidden,
// frozen or asleep, see background.test.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { beforeEach, test } from "node:test";
import { chromiumOnly } from "./support/browser.mjs";
import { same, total } from "./support/heard.mjs";
import { begin, openPage, page, site, tabs } from "./support/suite.mjs";
import { stream } from "./support/tone.mjs";

// Firefox says late where a busy page has come to: then it cannot be told from a jump.
const LATE_MS = process.env.BROWSER === "firefox" ? 1_100 : 50;

begin();

beforeEach(async () => {
  await tabs.addInitScript({ path: new URL("support/rendered.js", import.meta.url).pathname });
  await openPage();
});

test("a storm of seeks", async () => {
  const { heard, played, ended } = await page.evaluate(async () => {
    const { audio, tell } = await harness.listen();
    await harness.reached(audio, 1);
    for (let n = 0; n < 120; n += 1) {
      audio.currentTime = 2 + ((n * 7) % 17);
      await new Promise(requestAnimationFrame);
    }
    audio.currentTime = 5.5;
    await harness.once(audio, "seeked");
    await harness.reached(audio, 6.5);
    return tell();
  });
  // Between a seek and the next, moments are played that no two clocks agree on: a blink each.
  const long = ([from, to]) => to - from > 200;
  same(heard.filter(long), played.filter(long));
  assert.ok(ended[0].seeks > 1);
  assert.deepEqual(page.wrongs, []);
});

test("changes of rate", async () => {
  const { heard, played, rates } = await page.evaluate(async () => {
    const { audio, tell } = await harness.listen();
    await harness.reached(audio, 1);
    const steps = [
      [2, 3],
      [0.5, 3.6],
      [1.5, 6],
      [1, 6.6],
    ];
    for (const [rate, to] of steps) {
      audio.playbackRate = rate;
      await harness.reached(audio, to);
    }
    const told = await tell();
    const progress = seen.flatMap(({ event }) => (event?.type === "play.progress" ? [event] : []));
    return { ...told, rates: progress.map(({ rate, heard }) => [rate, heard.at(-1)[1]]) };
  });
  same(heard, played);
  const until = (rate) => rates.filter((told) => told[0] === rate).map(([, to]) => to);
  assert.ok(until(2).some((to) => to >= 2_900) && until(1.5).some((to) => to >= 5_900), JSON.stringify(rates));
  assert.deepEqual(page.wrongs, []);
});

test("a loop: each turn is a play, and no instant of a turn is lost", async () => {
  const { heard, played, ended } = await page.evaluate(async () => {
    const { audio, tell } = await harness.listen(2, { set: { loop: true } });
    await harness.until(() => seen.filter(({ event }) => event?.type === "play.ended").length === 3);
    await harness.reached(audio, 0.5);
    return tell();
  });
  same(heard, played);
  const turns = ended.filter(({ reason }) => reason === "completed");
  for (const { played_ms } of turns) assert.ok(Math.abs(played_ms - 2_000) < 60, JSON.stringify(heard));
  assert.deepEqual(
    ended.map(({ reason }) => reason),
    ["completed", "completed", "completed", "stopped"],
  );
  assert.deepEqual(page.wrongs, []);
});

test("a page too busy to notice: what the element has played meanwhile is told, and no more", async () => {
  const { heard, played, muted } = await page.evaluate(async () => {
    const { audio, tell } = await harness.listen();
    const busy = (ms) => {
      for (const end = performance.now() + ms; performance.now() < end; );
    };
    await harness.reached(audio, 1);
    busy(1_500);
    audio.currentTime = 8;
    await harness.reached(audio, 9);
    audio.playbackRate = 3;
    busy(1_000);
    await harness.once(audio, "ratechange");
    audio.playbackRate = 1;
    await harness.once(audio, "timeupdate");
    const muted = audio.currentTime * 1000;
    audio.muted = true;
    busy(800);
    await harness.once(audio, "volumechange");
    return { ...(await tell()), muted };
  });
  // Nobody can tell what of the silence was silent, so none of it is told as heard.
  const audible = played.map(([from, to]) => [from, Math.min(to, muted)]);
  same(heard, audible, { lostMs: LATE_MS });
  assert.deepEqual(page.wrongs, []);
});

// Firefox holds a stream of this kind for a long file.
chromiumOnly("a live stream that stalls", async () => {
  const sound = stream(20);
  const asked = once(site, "live");
  await page.evaluate(() => {
    window.listening = harness.listen(20, { set: { src: "/live.wav" } });
  });
  const [response] = await asked;
  response.write(sound.head);
  response.write(sound.part(0, 3));
  await page.evaluate(async () => {
    const { audio } = await window.listening;
    await harness.reached(audio, 0.5);
    if (audio.readyState > 2) await harness.once(audio, "waiting");
  });
  response.write(sound.part(3, 20));
  const { heard, played, ended, live } = await page.evaluate(async () => {
    const { audio, tell } = await window.listening;
    await harness.reached(audio, audio.currentTime + 1);
    return { ...(await tell()), live: audio.duration };
  });
  response.destroy();
  same(heard, played);
  assert.equal(live, Number.POSITIVE_INFINITY);
  assert.equal(ended[0].stalls, 1);
  assert.deepEqual(page.wrongs, []);
});

test("an element that is used again for another source", async () => {
  const { heard, played, ended } = await page.evaluate(async () => {
    const { audio, tell } = await harness.listen(20, { track: () => ({ id: document.querySelector("audio").src }) });
    await harness.reached(audio, 1);
    const before = harness.played(audio);
    audio.src = "/ramp-20.wav?second";
    await audio.play();
    await harness.reached(audio, 2);
    const told = await tell();
    return { ...told, played: [...before, ...told.played] };
  });
  same(heard, played);
  assert.ok(Math.abs(total(heard) - total(played)) < 300, JSON.stringify([heard, played]));
  assert.deepEqual(
    ended.map(({ reason }) => reason),
    ["replaced", "stopped"],
  );
  assert.deepEqual(page.wrongs, []);
});
