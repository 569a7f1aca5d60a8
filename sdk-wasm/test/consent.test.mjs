import assert from "node:assert/strict";
import { test } from "node:test";
import { payload } from "./support/site.mjs";
import { begin, openPage, site, tabs } from "./support/suite.mjs";

begin();

/** Everything that a page keeps anywhere. */
const traces = () =>
  Promise.all([indexedDB.databases(), caches.keys()]).then(([databases, cached]) => ({
    databases: databases.map(({ name }) => name),
    cached,
    local: localStorage.length + sessionStorage.length,
    cookies: document.cookie,
  }));
const NONE = { databases: [], cached: [], local: 0, cookies: "" };

test("while consent is unknown nothing is stored or sent; what was held is recorded when it is granted", async () => {
  const page = await openPage();
  await page.evaluate(async () => {
    await harness.start({ consent: "unknown" });
    harness.play("held", 40_000);
    await telemetry.flush();
  });
  assert.deepEqual(await page.evaluate(traces), NONE);
  assert.equal(site.requests.length, 0);
  const status = await page.evaluate(async () => {
    telemetry.setConsent("granted");
    await harness.until(({ event }) => event?.track === "held");
    await telemetry.flush();
    return telemetry.status();
  });
  assert.equal(status.consent, "granted");
  const { body } = await site.request();
  assert.equal(payload(body.batches[0]).events[0].track, "held");
  assert.deepEqual(page.wrongs, []);
});

test("what happens before consent can be dropped instead; what plays on counts from then on", async () => {
  const page = await openPage();
  const tracks = await page.evaluate(async () => {
    await harness.start({ consent: "unknown", whileUnknown: "drop" });
    harness.play("before", 40_000);
    const audio = document.getElementById("audio");
    telemetry.attach(audio, { id: "goes on" });
    audio.src = "/tone.wav";
    await audio.play();
    telemetry.setConsent("granted");
    const { event } = await harness.until(({ event }) => event?.type === "play.started");
    // A browser may say that it plays before anything sounds; of what never sounded nothing is told.
    await new Promise((told) => {
      audio.ontimeupdate = () => audio.currentTime > 0.2 && told();
    });
    const reached = audio.currentTime * 1000;
    audio.pause();
    const paused = await harness.until(({ event }) => event?.type === "play.progress");
    return { first: event.track, from: paused.event.heard[0][0], reached, all: seen.map((one) => one.event?.track) };
  });
  assert.equal(tracks.first, "goes on");
  assert.ok(tracks.from <= tracks.reached, `heard from ${tracks.from} of ${tracks.reached} ms`);
  assert.ok(!tracks.all.includes("before"));
  assert.deepEqual(page.wrongs, []);
});

test("denied: what waits is erased, nothing is recorded; granted again: a new device", async () => {
  const page = await openPage();
  const before = await page.evaluate(async () => {
    await harness.start();
    harness.play("kept", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "batch");
    return telemetry.device;
  });
  const requests = site.requests.length;
  await page.evaluate(async () => {
    telemetry.setConsent("denied");
    await telemetry.forget();
    harness.play("refused", 40_000);
    await telemetry.flush();
  });
  assert.deepEqual(await page.evaluate(traces), NONE);
  assert.equal(site.requests.length, requests);
  const after = await page.evaluate(async () => {
    telemetry.setConsent("granted");
    harness.play("again", 40_000);
    await harness.until(({ event }) => event?.track === "again");
    return { device: telemetry.device, tracks: seen.flatMap(({ event }) => (event ? [event.track] : [])) };
  });
  assert.notEqual(after.device, before);
  assert.ok(!after.tracks.includes("refused"));
  assert.deepEqual(page.wrongs, []);
});

test("Global Privacy Control is a no, unless the host knows better", async () => {
  await tabs.addInitScript(() => {
    Object.defineProperty(navigator, "globalPrivacyControl", { value: true });
  });
  const page = await openPage();
  const consents = await page.evaluate(async () => {
    const asked = (await harness.start()).consent;
    harness.play("private", 40_000);
    await telemetry.flush();
    return [asked, (await harness.start({ consent: "granted" })).consent];
  });
  assert.deepEqual(consents, ["denied", "granted"]);
  assert.deepEqual(page.wrongs, []);
});

test("forget() in one tab is heeded by all: no tab goes on as the old device", async () => {
  const first = await openPage();
  const second = await openPage();
  const start = async () => {
    await (await harness.start()).ready;
    harness.play("old", 40_000);
    await harness.until(({ event }) => event?.track === "old");
    return telemetry.device;
  };
  const old = await first.evaluate(start);
  assert.equal(await second.evaluate(start), old);
  await first.evaluate(() => telemetry.forget());
  const again = async () => {
    const session = telemetry.session({ id: "new" });
    session.playing(0);
    await harness.until(({ event }) => event?.track === "new");
    return telemetry.device;
  };
  const [one, two] = [await first.evaluate(again), await second.evaluate(again)];
  assert.equal(one, two);
  assert.notEqual(one, old);
  const records = await first.evaluate(() => harness.records());
  const tracks = records
    .filter(({ key }) => key.startsWith("event/"))
    .map(({ value }) => JSON.parse(value).event.track);
  assert.ok(tracks.length > 0 && tracks.every((track) => track === "new"), tracks.join(" "));
  assert.deepEqual([...first.wrongs, ...second.wrongs], []);
});
