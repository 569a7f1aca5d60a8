// In a private window: what is stored lives as long as the window.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launchPrivate } from "../../tests/support/browser.mjs";
import { payload } from "./support/site.mjs";
import { begin, newTabs, openPage, page, site } from "./support/suite.mjs";

const firefox = process.env.BROWSER === "firefox";

begin({ start: launchPrivate, retryAfter: 1 });

const start = () =>
  page.evaluate(async () => {
    await (await harness.start({ consent: "granted" })).ready;
    return { device: telemetry.device, ...telemetry.status() };
  });

test("a reload loses nothing; the next window is another device", async () => {
  await openPage();
  const { device, storage } = await start();
  assert.equal(storage, "indexeddb");
  await page.evaluate(async () => {
    harness.play("before", 40_000);
    await telemetry.flush();
  });
  await page.reload();
  assert.equal((await start()).device, device);
  const records = await page.evaluate(async () => {
    harness.play("after", 40_000);
    await telemetry.flush();
    return harness.records();
  });
  const batches = records
    .filter(({ key }) => key.startsWith("batch/"))
    .map(({ value }) => payload(JSON.parse(value).jws));
  assert.deepEqual(
    batches.map(({ seq }) => seq),
    [1, 2],
  );
  assert.ok(batches[0].events.every(({ track }) => track === "before"));
  assert.deepEqual(page.wrongs, []);

  await newTabs();
  await openPage();
  const next = await start();
  assert.notEqual(next.device, device);
  const left = await page.evaluate(() => harness.records());
  assert.ok(left.every(({ key }) => key === "state"));
  assert.deepEqual(page.wrongs, []);
});

test("Firefox's private windows ask for privacy, and are heeded; Chromium's do not", async () => {
  await openPage();
  const { asks, consent, databases } = await page.evaluate(async () => {
    const telemetry = await harness.start();
    harness.play("unasked", 40_000);
    await telemetry.flush();
    const databases = await indexedDB.databases();
    return { asks: Boolean(navigator.globalPrivacyControl), consent: telemetry.consent, databases };
  });
  assert.equal(asks, firefox);
  assert.equal(consent, firefox ? "denied" : "granted");
  assert.equal(databases.length, firefox ? 0 : 1);
  assert.equal(site.requests.length, firefox ? 0 : 1);
  assert.deepEqual(page.wrongs, []);
});
