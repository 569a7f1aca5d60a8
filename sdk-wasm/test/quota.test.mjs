// A disk that is really full: the browser grants this site less than it asks for, and IndexedDB refuses to write.
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { Ingest } from "../../tests/support/ingest.mjs";
import { chromiumOnly, launch, open } from "./support/browser.mjs";
import { payload, startSite } from "./support/site.mjs";

const IN_PAGE = new URL("support/in-page.js", import.meta.url).pathname;
const QUOTA_BYTES = 2 * 1024 * 1024;
let browser;
let site;
let ingest;
let tabs;
let page;
/** What was sent, each batch once. */
let sent;
let devtools;

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
  sent = new Set();
  page.on("request", (request) => {
    if (!request.url().includes("/v1/batches")) return;
    for (const jws of JSON.parse(request.postDataBuffer().toString("utf8")).batches) sent.add(jws);
  });
  devtools = await tabs.newCDPSession(page);
  // From the beginning: the browser goes on for a while with what it knew of the room that is left.
  await grant(QUOTA_BYTES);
});

/** Without a size, what the browser grants is its own affair again. */
function grant(quotaSize) {
  return devtools.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize });
}

/** Starts, sends one play, and goes offline. */
async function begin(options = {}) {
  await page.evaluate(
    async ({ endpoint, options }) => {
      await (await harness.start({ ...options, endpoint, token: mint })).ready;
      harness.play("before", 40_000);
      await telemetry.flush();
      await harness.until(({ type }) => type === "receipt");
    },
    { endpoint: ingest.origin, options },
  );
  await tabs.setOffline(true);
  await page.evaluate(() => harness.until(({ type, online }) => type === "status" && !online));
}

/** Fills the disk to its last bytes, and plays on until the SDK is refused, and once more. */
function playOnAFullDisk() {
  return page.evaluate(async () => {
    const request = indexedDB.open("something else", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("bytes", { autoIncrement: true });
    await harness.once(request, "success");
    const put = (bytes) =>
      new Promise((resolve) => {
        const transaction = request.result.transaction("bytes", "readwrite");
        transaction.objectStore("bytes").put(crypto.getRandomValues(new Uint8Array(bytes)));
        transaction.oncomplete = () => resolve(undefined);
        transaction.onabort = () => resolve(transaction.error.name);
      });
    let refusal;
    for (let bytes = 65_536; bytes >= 64; ) {
      const refused = await put(bytes);
      refusal ??= refused;
      if (refused) bytes = Math.floor(bytes / 2);
    }
    request.result.close();

    const told = () => seen.some(({ type, code }) => type === "error" && code === "storage-unavailable");
    let plays = 0;
    const play = async () => {
      plays += 1;
      const session = harness.play(`full ${plays}`, 40_000);
      await harness.until(({ event }) => event?.type === "play.ended" && event.session === session);
    };
    for (; !told() && plays < 2_000; await harness.records()) await play();
    for (let more = 0; more < 60; more += 1) await play();
    return { refusal, told: told(), plays, status: telemetry.status() };
  });
}

/** Waits until nothing is left to send, and balances what was recorded with what was sent and what was given up. */
async function settle() {
  await page.evaluate(async () => {
    const left = () => telemetry.status().events + telemetry.status().batches;
    // A read takes its turn after what is under way.
    for (; left() > 0; await harness.records()) await telemetry.flush();
    // Nothing but the end of the chain stays on the disk.
    await harness.stored((records) => records.every(({ key }) => key === "state"));
  });
  const recorded = await page.evaluate(() => seen.flatMap(({ event }) => (event ? [event.id] : [])));
  const batches = [...sent].map(payload);
  const arrived = batches.flatMap(({ events }) => events.map(({ id }) => id));
  const dropped = batches
    .flatMap(({ dropped = [] }) => dropped)
    .reduce((sum, { reason, events }) => {
      assert.equal(reason, "queue_full");
      return sum + events;
    }, 0);
  assert.equal(new Set(arrived).size, arrived.length, "nothing is in two batches");
  assert.ok(arrived.every((id) => recorded.includes(id)));
  const seqs = batches.map(({ seq }) => seq).sort((a, b) => a - b);
  assert.equal(new Set(seqs).size, seqs.length, "no fork");
  assert.deepEqual(page.wrongs, []);
  return { recorded: recorded.length, arrived: arrived.length, dropped };
}

chromiumOnly(
  "while the disk is full the host is told and all is kept in memory; with room again it is stored",
  async () => {
    await begin();
    const { refusal, told, status } = await playOnAFullDisk();
    assert.equal(refusal, "QuotaExceededError");
    assert.ok(told && status.storage === "indexeddb" && status.events + status.batches > 0);

    await grant();
    const session = await page.evaluate(async () => {
      const session = harness.play("room again", 40_000);
      await telemetry.flush();
      await harness.stored(
        (records) => records.filter(({ key }) => /^batch/.test(key)).length === telemetry.status().batches,
      );
      return session;
    });
    await tabs.setOffline(false);
    const { recorded, arrived, dropped } = await settle();
    assert.deepEqual([arrived, dropped], [recorded, 0]);
    assert.ok([...sent].map(payload).some(({ events }) => events.some((event) => event.session === session)));
  },
);

chromiumOnly(
  "a disk that stays full is emptied by what is sent; the rest stays in memory until there is room, and nothing is lost",
  async () => {
    await begin();
    const { told } = await playOnAFullDisk();
    assert.ok(told);
    await tabs.setOffline(false);
    await page.evaluate(() => harness.stored((records) => records.every(({ key }) => key === "state")));
    await grant();
    const { recorded, arrived, dropped } = await settle();
    assert.deepEqual([arrived, dropped], [recorded, 0]);
  },
);

chromiumOnly(
  "what is beyond the queue's bounds while the disk is full is counted, and the server is told",
  async () => {
    await begin({ queue: { maxEvents: 50 }, batch: { maxEvents: 10 } });
    const { told } = await playOnAFullDisk();
    assert.ok(told);
    await grant();
    await tabs.setOffline(false);
    // What was given up last is told with the next batch.
    await page.evaluate(async () => {
      await telemetry.flush();
      harness.play("last", 40_000);
    });
    const { recorded, arrived, dropped } = await settle();
    assert.ok(dropped > 0);
    assert.equal(arrived + dropped, recorded);
  },
);
