import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./support/browser.mjs";
import { payload, startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
  site.ingest = () => ({ status: 503, headers: { "retry-after": "600" } });
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

test("of two tabs one leads and sends what both recorded; when it is closed the other leads", async () => {
  const tabs = await browser.newContext();
  await tabs.addInitScript({ path: IN_PAGE });
  const first = await open(tabs, `${site.origin}/`);
  await first.evaluate(async () => {
    await (await harness.start()).ready;
    await harness.until(({ type, leader }) => type === "status" && leader);
  });
  const second = await open(tabs, `${site.origin}/`);
  await second.evaluate(async () => (await harness.start()).ready);
  assert.equal(await second.evaluate(() => telemetry.status().leader), false);
  assert.equal(await first.evaluate(() => telemetry.device), await second.evaluate(() => telemetry.device));

  const followers = await second.evaluate(() => harness.play("from the second tab", 40_000));
  const stays = await second.evaluate(() => {
    window.staying = telemetry.session({ id: "still playing", durationMs: 60_000 });
    staying.playing(0);
    return staying.id;
  });
  await second.evaluate(() =>
    harness.until(({ event }) => event?.type === "play.started" && event.session === staying.id),
  );
  // The follower asks, the leader seals and sends.
  await second.evaluate(() => telemetry.flush());
  const { body } = await site.request(({ body }) =>
    body.batches.some((jws) => payload(jws).events.some(({ session }) => session === followers)),
  );
  assert.ok(body.batches.length > 0);
  assert.equal(await second.evaluate(() => seen.filter(({ type }) => type === "batch").length), 0);

  await first.close();
  await second.evaluate(() => harness.until(({ type, leader }) => type === "status" && leader));
  const ended = await second.evaluate(() =>
    seen.filter(({ event }) => event?.type === "play.ended").map(({ event }) => event),
  );
  assert.ok(
    ended.every(({ session }) => session !== stays),
    "this tab's own session goes on",
  );
  await second.evaluate(async () => {
    staying.ended("stopped", 0);
    await telemetry.flush();
    await harness.until(({ type }) => type === "batch");
  });
  const records = await second.evaluate(() => harness.records());
  const batches = records
    .filter(({ key }) => key.startsWith("batch/"))
    .map(({ value }) => payload(JSON.parse(value).jws));
  assert.deepEqual(
    batches.map(({ seq }) => seq),
    batches.map((_, index) => index + 1),
    "one chain, no gap, no fork",
  );
  assert.ok(batches.at(-1).events.some(({ session, type }) => session === stays && type === "play.ended"));
  assert.deepEqual([...first.wrongs, ...second.wrongs], []);
  await tabs.close();
});
