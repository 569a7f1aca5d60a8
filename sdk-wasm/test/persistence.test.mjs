import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./support/browser.mjs";
import { payload, startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
let browser;
let site;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

async function context() {
  const fresh = await browser.newContext();
  await fresh.addInitScript({ path: IN_PAGE });
  return fresh;
}

test("what is recorded while the server is out of reach survives reloads, in order", async () => {
  const tabs = await context();
  const page = await open(tabs, `${site.origin}/`);
  const device = await page.evaluate(async () => {
    const telemetry = await harness.start();
    harness.play("first", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "batch");
    return telemetry.device;
  });

  await page.reload();
  const again = await page.evaluate(async () => {
    const telemetry = await harness.start();
    await telemetry.ready;
    harness.play("second", 40_000);
    await telemetry.flush();
    await harness.until(({ type, seq }) => type === "batch" && seq === 2);
    return telemetry.device;
  });
  assert.equal(again, device, "the device key is kept");

  await page.reload();
  const records = await page.evaluate(() => harness.records());
  const batches = records
    .filter(({ key }) => key.startsWith("batch/"))
    .map(({ value }) => payload(JSON.parse(value).jws));
  assert.deepEqual(
    batches.map(({ seq }) => seq),
    [1, 2],
  );
  assert.deepEqual(
    batches.map(({ device }) => device),
    [device, device],
  );
  assert.equal(batches[0].prev, "");
  assert.notEqual(batches[1].prev, "");
  assert.ok(batches[0].events.every(({ track }) => track === "first"));
  assert.ok(batches[1].events.every(({ track }) => track === "second"));
  assert.deepEqual(page.wrongs, []);

  // The server is back: both go out, the older first.
  const sent = site.request();
  site.ingest = () => ({ status: 503, headers: { "retry-after": "600" } });
  await page.evaluate(() => harness.start().then((telemetry) => telemetry.flush()));
  const { body, headers, method } = await sent;
  assert.equal(method, "POST");
  assert.equal(headers["content-type"], "text/plain;charset=UTF-8");
  assert.equal(headers.cookie, undefined);
  assert.deepEqual(
    body.batches.map((jws) => payload(jws).seq),
    [1, 2],
  );
  assert.equal((await page.evaluate(() => telemetry.status())).batches, 2, "nothing is forgotten without a receipt");
  assert.deepEqual(page.wrongs, []);
  await tabs.close();
});

test("a session that was open when the page crashed is ended with what was heard", async () => {
  const tabs = await context();
  const page = await open(tabs, `${site.origin}/`);
  const id = await page.evaluate(async () => {
    await (await harness.start()).ready;
    const session = telemetry.session({ id: "unfinished", durationMs: 60_000 });
    session.playing(0);
    session.seeked(0, 30_000);
    await harness.until(({ event }) => event?.type === "play.seeked");
    return session.id;
  });
  await page.evaluate(() => harness.stored((records) => records.some(({ key }) => key.startsWith("session/"))));
  // Nothing of the page runs any more: no pagehide, no visibilitychange.
  const cdp = await tabs.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  // Never answers.
  cdp.send("Page.crash").catch(() => {});
  await crashed;
  await page.close();

  const next = await open(tabs, `${site.origin}/`);
  const ended = await next.evaluate(async (session) => {
    await harness.start();
    return harness.until(({ event }) => event?.type === "play.ended" && event.session === session);
  }, id);
  assert.equal(ended.event.reason, "crashed");
  assert.equal(ended.event.seeks, 1);
  assert.deepEqual(next.wrongs, []);
  await tabs.close();
});
