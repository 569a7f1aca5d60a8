import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Ingest } from "../../tests/support/ingest.mjs";
import { chromiumOnly, launch, open } from "./support/browser.mjs";
import { startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
const BATCHES = "**/v1/batches?*";
let browser;
let site;
let ingest;
let tabs;
let page;

before(async () => {
  [browser, site, ingest] = await Promise.all([launch(), startSite(), Ingest.start()]);
});

after(async () => {
  await browser?.close();
  await Promise.all([site?.stop(), ingest?.stop()]);
});

beforeEach(async () => {
  await tabs?.close();
  tabs = await browser.newContext();
  await tabs.addInitScript({ path: IN_PAGE });
  await tabs.exposeFunction("mint", (request) => ingest.token(request));
  page = await open(tabs, `${site.origin}/`);
  await start();
});

/** Telemetry in the page, posting across origins to the real server. */
function start() {
  return page.evaluate(async (endpoint) => {
    const telemetry = await harness.start({ endpoint, token: mint });
    await telemetry.ready;
  }, ingest.origin);
}

function records() {
  return page.evaluate(() => harness.records());
}

/** What was dispatched of one type. */
function seen(type) {
  return page.evaluate((wanted) => window.seen.filter(({ type }) => type === wanted), type);
}

test("a batch is acknowledged, its receipt verified, and only then forgotten", async () => {
  await page.evaluate(async () => {
    harness.play("one", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "receipt");
    harness.play("two", 40_000);
    await telemetry.flush();
    await harness.until(({ type, seq }) => type === "receipt" && seq === 2);
    await harness.until(({ type, batches, acked }) => type === "status" && batches === 0 && acked === 2);
  });
  // No time passed in which so much could have been heard.
  const verdicts = await seen("verdict");
  assert.deepEqual(
    verdicts.map(({ rule, status, reasons, heard_ms }) => [rule, status, reasons, heard_ms]),
    [
      [1, "short", ["heard_too_little"], 0],
      [1, "short", ["heard_too_little"], 0],
    ],
  );
  const ended = (await seen("event")).filter(({ reason }) => reason);
  assert.deepEqual(
    verdicts.map(({ session }) => session),
    ended.map(({ session }) => session),
  );
  const acks = await seen("ack");
  assert.deepEqual(
    acks.map(({ seq, status }) => [seq, status]),
    [
      [1, "accepted"],
      [2, "accepted"],
    ],
  );
  const [first, second] = await seen("receipt");
  assert.equal(first.verified, true);
  assert.ok(first.checkpoint.startsWith(`${first.origin}\n${first.size}\n`), first.checkpoint);
  assert.ok(first.index < first.size && first.size <= second.size && first.index < second.index);
  await page.evaluate(() => harness.stored((records) => records.every(({ key }) => !key.startsWith("batch/"))));
  assert.deepEqual(
    (await records()).map(({ key }) => key),
    ["state"],
  );
  assert.deepEqual(await seen("error"), []);
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("a batch whose answer was lost is sent again and gets the receipt it had", async () => {
  let lost = 0;
  await page.route(
    BATCHES,
    async (route) => {
      await route.fetch();
      lost += 1;
      await route.abort("connectionreset");
    },
    { times: 1 },
  );
  await page.evaluate(async () => {
    harness.play("lost", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "receipt");
  });
  assert.equal(lost, 1);
  assert.deepEqual(
    (await seen("ack")).map(({ seq, status }) => [seq, status]),
    [[1, "duplicate"]],
  );
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("a receipt that does not hold stops sending, and nothing is forgotten", async () => {
  await page.route(BATCHES, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    // Another position in the log than the one the proof is for.
    answer.answers[0].receipt = answer.answers[0].receipt.replace(
      /^index (\d+)$/m,
      (_, index) => `index ${Number(index) - 1}`,
    );
    await route.fulfill({ response, json: answer });
  });
  const error = await page.evaluate(async () => {
    harness.play("forged", 40_000);
    await telemetry.flush();
    return harness.until(({ type }) => type === "error");
  });
  assert.equal(error.code, "receipt-invalid");
  assert.equal(error.action, "stop");
  assert.deepEqual(await seen("receipt"), []);
  assert.ok((await records()).some(({ key }) => key.startsWith("batch/")));
  assert.deepEqual(page.wrongs, []);
});

test("what is recorded offline is sent by itself when the network is back", async () => {
  await page.evaluate(async () => {
    harness.play("online", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "receipt");
  });
  await tabs.setOffline(true);
  await page.evaluate(async () => {
    await harness.until(({ type, online }) => type === "status" && !online);
    harness.play("offline", 40_000);
    await telemetry.flush();
    await harness.until(({ type, seq }) => type === "batch" && seq === 2);
  });
  assert.equal((await seen("receipt")).length, 1);
  await tabs.setOffline(false);
  await page.evaluate(() => harness.until(({ type, seq }) => type === "receipt" && seq === 2));
  assert.deepEqual(page.wrongs, []);
});
