import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launch, open } from "./support/browser.mjs";
import { payload, startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
let browser;
let site;
let tabs;
let page;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

beforeEach(async () => {
  await tabs?.close();
  site.requests.length = 0;
  site.ingest = () => ({ status: 503, headers: { "retry-after": "600" } });
  tabs = await browser.newContext();
  await tabs.addInitScript({ path: IN_PAGE });
  page = await open(tabs, `${site.origin}/`);
  await page.evaluate(async () => {
    await (await harness.start()).ready;
    await harness.until(({ type, leader }) => type === "status" && leader);
    window.playing = telemetry.session({ id: "going on", durationMs: 60_000 });
    playing.playing(0);
    await harness.until(({ type }) => type === "event");
  });
});

test("when the page is hidden, what was recorded is sealed and sent at once", async () => {
  const keepalive = page.waitForRequest((request) => request.url().includes("/v1/batches"));
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await keepalive;
  const { body, url, headers } = await site.request();
  const [batch] = body.batches.map(payload);
  assert.ok(batch.events.some(({ type, track }) => type === "play.started" && track === "going on"));
  assert.equal(new URL(url, site.origin).searchParams.get("device"), batch.device);
  assert.equal(headers["content-type"], "text/plain;charset=UTF-8");
  assert.equal(headers.authorization, undefined, "the token is in the body, so that no preflight is needed");
  assert.deepEqual(page.wrongs, []);
});

test("leaving the page ends what plays, stores it, and the next page goes on from there", async () => {
  const session = await page.evaluate(() => {
    playing.position(0);
    return playing.id;
  });
  await page.goto(`${site.origin}/other`);
  const events = await page.evaluate(async () => {
    const telemetry = await harness.start();
    await telemetry.flush();
    return harness.records();
  });
  const batches = events
    .filter(({ key }) => key.startsWith("batch/"))
    .map(({ value }) => payload(JSON.parse(value).jws));
  const ended = batches
    .flatMap(({ events }) => events)
    .filter((event) => event.session === session && event.type === "play.ended");
  assert.deepEqual(
    ended.map(({ reason }) => reason),
    ["unloaded"],
  );
  assert.deepEqual(
    batches.map(({ seq }) => seq),
    batches.map((_, index) => index + 1),
  );
  assert.deepEqual(page.wrongs, []);
});
