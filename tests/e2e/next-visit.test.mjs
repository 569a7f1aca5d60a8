// The offline example in Firefox, which has no Background Sync: what was left behind goes with the next visit of any page
// of the site, be it one that measures nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchFirefox } from "../support/firefox.mjs";
import { Ingest } from "../support/ingest.mjs";
import { heardOut } from "../support/stored.mjs";

const PATIENCE = { timeout: 120_000 };
let browser;
let ingest;

before(async () => {
  const www = fileURLToPath(new URL("../../examples/offline/dist", import.meta.url));
  [browser, ingest] = await Promise.all([launchFirefox(), Ingest.start({ www })]);
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
});

/** Clicks the button of this name, once it is there. */
async function click(page, name) {
  const button = (name) => document.querySelector(`button[aria-label="${name}"]`);
  await page.waitForFunction(button, name, PATIENCE);
  await page.evaluate((name) => document.querySelector(`button[aria-label="${name}"]`).click(), name);
}

test("a play that was left behind is sent with the next visit, and counts once", async () => {
  const context = await browser.newContext();
  let page = await context.newPage();
  await page.goto(ingest.origin);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, undefined, PATIENCE);
  assert.equal(await page.evaluate(() => "sync" in ServiceWorkerRegistration.prototype), false);
  await click(page, "Keep Doorbell Sunrise");
  await page.evaluate(async () => {
    const music = await caches.open("music-v1");
    while ((await music.keys()).length === 0);
  });

  await ingest.kill();
  await page.reload();
  await click(page, "Play Doorbell Sunrise");
  await page.evaluate(heardOut);
  await page.waitForFunction(() => /^Waits/.test(document.querySelector("#status").textContent), undefined, PATIENCE);
  await page.close();

  await ingest.run();
  page = await context.newPage();
  await page.goto(`${ingest.origin}/music/tracks.json`);
  const { total, tracks } = await ingest.counts(({ valid }) => valid === 1);
  assert.deepEqual([tracks["doorbell-sunrise"].valid, total.not_counted], [1, 0]);
  await context.close();
});
