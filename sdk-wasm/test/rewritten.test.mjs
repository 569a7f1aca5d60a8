import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Ingest } from "../../tests/support/ingest.mjs";
import { launch, open } from "./support/browser.mjs";
import { startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
let browser;
let site;
let ingest;
let devices;

before(async () => {
  [browser, site] = await Promise.all([launch(), startSite()]);
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

beforeEach(async () => {
  ingest = await Ingest.start();
  devices = [];
});

afterEach(async () => {
  for (const device of devices) await device.close();
  await ingest.stop();
});

/** A page of a device of its own. */
async function device() {
  const tabs = await browser.newContext();
  devices.push(tabs);
  await tabs.addInitScript({ path: IN_PAGE });
  await tabs.exposeFunction("mint", (request) => ingest.token(request));
  return open(tabs, `${site.origin}/`);
}

async function start(page, options = {}) {
  await page.evaluate(
    async (all) => {
      const telemetry = await harness.start({ ...all, token: mint });
      await telemetry.ready;
    },
    { endpoint: ingest.origin, ...options },
  );
}

/** Plays, and waits for the receipt. */
function play(page) {
  return page.evaluate(async () => {
    const seen = window.seen.filter(({ type }) => type === "receipt").length;
    harness.play("track", 40_000);
    await telemetry.flush();
    await harness.until(
      (_, index) => window.seen.slice(0, index + 1).filter(({ type }) => type === "receipt").length > seen,
    );
  });
}

function errors(page) {
  return page.evaluate(() => window.seen.filter(({ type }) => type === "error").map(({ code }) => code));
}

async function keys(page) {
  return (await page.evaluate(() => harness.records())).map(({ key }) => key);
}

test("a log that was begun anew is found by its first receipt, and stays found until a person says so", async () => {
  const page = await device();
  await start(page);
  await play(page);
  await ingest.beginAnew();
  const alarm = await page.evaluate(async () => {
    harness.play("after", 40_000);
    await telemetry.flush();
    const error = await harness.until(({ type }) => type === "error");
    return { ...error, evidence: telemetry.evidence() };
  });
  assert.deepEqual([alarm.code, alarm.action], ["log-inconsistent", "stop"]);
  const { code, said } = await ingest.evidence(alarm.evidence);
  assert.equal(code, 0, said);
  assert.match(said, /there are two logs of one size/);
  await page.evaluate(() => harness.stored((records) => records.some(({ key }) => key === "alarm")));
  assert.ok((await keys(page)).some((key) => key.startsWith("batch/")));

  await page.reload();
  await start(page);
  await page.evaluate(() => harness.until(({ type, code }) => type === "error" && code === "log-inconsistent"));
  assert.equal(await page.evaluate(() => telemetry.evidence()), alarm.evidence);
  await page.evaluate(async () => {
    telemetry.acknowledgeAlarm();
    await telemetry.flush();
    await harness.until(({ type }) => type === "receipt");
  });
  await page.evaluate(() => harness.stored((records) => records.every(({ key }) => !key.startsWith("batch/"))));
  assert.deepEqual(await errors(page), ["log-inconsistent"]);

  await page.reload();
  await start(page);
  // It is there once what is stored has been read.
  await page.waitForFunction(() => telemetry.evidence() !== undefined);
  assert.equal(await page.evaluate(() => telemetry.evidence()), alarm.evidence, "it is kept");
  assert.deepEqual(await errors(page), []);
  assert.deepEqual(page.wrongs, []);
});

test("a device that sends nothing asks the log by itself, and finds that it was rewritten", async () => {
  const [page, other] = [await device(), await device()];
  await start(page);
  await play(page);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url())));

  await page.reload();
  await start(page, { auditEveryMs: 1 });
  await play(page);
  assert.ok(asked.some(({ pathname }) => pathname === "/log/checkpoint"));
  assert.deepEqual(await errors(page), [], "an honest log is no reason for an alarm");

  // Meanwhile it asks nothing.
  await page.goto("about:blank");
  await ingest.beginAnew();
  await start(other);
  for (let batch = 0; batch < 4; batch += 1) await play(other);
  asked.length = 0;
  await page.goto(`${site.origin}/`);
  await start(page, { auditEveryMs: 1 });
  const evidence = await page.evaluate(async () => {
    await harness.until(({ type, code }) => type === "error" && code === "log-inconsistent");
    return telemetry.evidence();
  });
  const log = asked.filter(({ pathname }) => pathname.startsWith("/log/"));
  assert.equal(log.at(-1).pathname, "/log/tile/0/000.p/5");
  assert.ok(
    log.every(({ search }) => search === ""),
    "nobody is named",
  );
  assert.ok(asked.every(({ pathname }) => pathname !== "/v1/batches"));
  const { code, said } = await ingest.evidence(evidence);
  assert.equal(code, 0, said);
  assert.match(said, /the second log's first 3 entries have the root/);
  const changed = await ingest.evidence(evidence.replace("\\n5\\n", "\\n6\\n"));
  assert.equal(changed.code, 1);
  assert.match(changed.said, /this proves nothing: the checkpoint of the larger log does not hold/);
  assert.deepEqual(page.wrongs, []);
});

test("a proof that is missing in the answer is made of the log's tiles", async () => {
  const page = await device();
  await start(page);
  await play(page);
  await page.route("**/v1/batches?*", async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    for (const acknowledgement of answer.answers) acknowledgement.consistency = [];
    await route.fulfill({ response, json: answer });
  });
  const tile = page.waitForRequest("**/log/tile/0/000.p/3");
  await play(page);
  await tile;
  await page.evaluate(() => harness.stored((records) => records.every(({ key }) => !key.startsWith("batch/"))));
  assert.deepEqual(await errors(page), []);
  assert.deepEqual(page.wrongs, []);
});
