// The main job from end to end: a real track in a real browser, offline in the middle, another one played offline,
// the tab closed, the server killed and started again, the tab reopened. Each play counts once, and every receipt
// is verified by the WASM core.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";
import { startSite } from "../support/site.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const HTML =
  '<!doctype html><title>e2e</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
let browser;
let ingest;
let site;

before(async () => {
  const bundle = await build({ entryPoints: [path("page.mjs")], bundle: true, format: "esm", write: false });
  const folders = { music: path("../../examples/demo/music"), wasm: path("../../sdk-wasm/dist/wasm") };
  const pages = { "/": HTML };
  [browser, ingest, site] = await Promise.all([launch(), Ingest.start(), startSite({ folders, pages })]);
  // The bundle is one text; its type is that of a script.
  script = bundle.outputFiles[0].text;
});

after(async () => {
  await browser?.close();
  await Promise.all([ingest?.stop(), site?.stop()]);
});

let script = "";

async function openTab(context) {
  const page = await context.newPage();
  await page.route("**/page.js", (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  await page.goto(site.origin);
  await page.waitForFunction(() => "begin" in window);
  await page.evaluate((endpoint) => window.begin(endpoint), ingest.origin);
  return page;
}

/** Everything telemetry said of one type, in this tab. */
const said = (page, type) =>
  page.evaluate((type) => window.said.filter((one) => one.type === type).map(({ detail }) => detail), type);

const until = (page, test, argument) => page.waitForFunction(test, argument, { timeout: 60_000 });

test("a play survives an outage, a closed tab and a killed server, and counts once", async () => {
  const context = await browser.newContext();
  let page = await openTab(context);

  // Online: a track of 12 s begins, and its first seconds are acknowledged.
  await page.evaluate(() => window.player.play());
  await until(page, () => window.player.positionMs > 2_000);
  await page.evaluate(() => window.player.telemetry.flush());
  const [first] = await said(page, "receipt");
  assert.equal(first.verified, true);
  assert.deepEqual(
    (await said(page, "ack")).map(({ status }) => status),
    ["accepted"],
  );
  const acked = await ingest.checkpoint();

  // Offline in the middle. The track goes on to its end, and the next one begins by itself.
  await context.setOffline(true);
  await until(page, () => window.player.queue.index === 1 && window.player.state === "playing");
  // Half of 20 s is enough; at double speed it takes five.
  await page.evaluate(() => {
    window.player.rate = 2;
  });
  await until(page, () => window.player.positionMs > 13_000);
  await page.evaluate(() => window.player.telemetry.flush());
  assert.equal((await said(page, "receipt")).length, 1, "nothing goes through");
  const device = await page.evaluate(() => window.player.telemetry.device);

  // The server dies without a warning; what it had acknowledged is there when it is back.
  await ingest.kill();
  await ingest.run();
  assert.deepEqual(await ingest.checkpoint(), acked);

  // The tab is closed while it plays, and the server dies again before the tab is back.
  await page.close();
  await ingest.kill();
  await context.setOffline(false);
  page = await openTab(context);
  assert.equal(await page.evaluate(() => window.player.telemetry.device), device, "the same device");
  await until(page, () => window.said.some(({ type, detail }) => type === "status" && detail.batches > 0));
  await ingest.run();
  await page.evaluate(() => window.player.telemetry.flush());
  await until(page, () => {
    const { events, batches } = window.player.telemetry.status();
    return events === 0 && batches === 0;
  });

  // Two plays, each once.
  const { total, tracks } = await ingest.counts(({ valid }) => valid === 2);
  assert.equal(total.not_counted, 0);
  assert.equal(tracks["doorbell-sunrise"].valid, 1);
  assert.equal(tracks["paper-lanterns"].valid, 1);
  const counted = await ingest.get("/v1/plays");
  assert.deepEqual([counted.valid, counted.short, counted.muted, counted.suspect, counted.invalid], [2, 0, 0, 0, 0]);
  assert.equal(counted.listeners, 1);
  const heard = (await ingest.get("/v1/tracks/doorbell-sunrise/plays")).heard_ms;
  assert.ok(heard > 11_000 && heard <= 12_000, `${heard} ms of 12 s heard`);

  // Every receipt was verified, and there is one for every batch.
  const receipts = [first, ...(await said(page, "receipt"))];
  assert.ok(receipts.every(({ verified }) => verified));
  assert.deepEqual(
    receipts.map(({ seq }) => seq),
    receipts.map((_, place) => place + 1),
  );
  const checkpoint = await ingest.checkpoint();
  assert.ok(checkpoint.size > receipts.length, "the rule, one entry for each batch, and what is said of plays");
  const unexpected = (await said(page, "error")).filter(({ action }) => action === "stop" || action === "drop");
  assert.deepEqual(unexpected, []);
  assert.deepEqual(await said(page, "dropped"), []);

  // And once more after the server was killed with everything in it.
  await ingest.kill();
  await ingest.run();
  assert.deepEqual(await ingest.checkpoint(), checkpoint);
  assert.deepEqual(await ingest.get("/v1/plays"), counted);
  await context.close();
});
