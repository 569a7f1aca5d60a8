// What can happen to a device's storage, in a real browser.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { chromiumOnly, open } from "./support/browser.mjs";
import { payload } from "./support/site.mjs";
import { begin, openPage, page, site, tabs } from "./support/suite.mjs";

begin({ retryAfter: 1 });

beforeEach(() => openPage());

/** Cuts every record short in which `text` stands, behind the SDK's back. */
const damage = async (text) => {
  const request = indexedDB.open("delistening");
  await harness.once(request, "success");
  const transaction = request.result.transaction("records", "readwrite");
  transaction.objectStore("records").openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    const { value } = cursor.value;
    if (value.includes(text)) cursor.update({ ...cursor.value, value: value.slice(0, 60) });
    cursor.continue();
  };
  await harness.once(transaction, "complete");
  request.result.close();
};

test("beyond its bounds the queue gives the oldest up, says so, and the next batch tells the server", async () => {
  const dropped = await page.evaluate(async () => {
    await harness.start({ queue: { maxEvents: 20 }, batch: { maxEvents: 4 } });
    for (let n = 0; n < 30; n += 1) harness.play(`track ${n}`, 40_000);
    const dropped = await harness.until(({ type }) => type === "dropped");
    await telemetry.flush();
    return dropped;
  });
  assert.equal(dropped.reason, "queue_full");
  assert.ok(dropped.events > 0);
  const records = await page.evaluate(() => harness.records());
  const batches = records
    .filter(({ key }) => key.startsWith("batch/"))
    .map(({ value }) => payload(JSON.parse(value).jws));
  const told = batches.flatMap(({ dropped = [] }) => dropped);
  assert.ok(told.length > 0 && told.every(({ reason }) => reason === "queue_full"));
  const state = JSON.parse(records.find(({ key }) => key === "state").value);
  const sum = told.reduce((all, { events }) => all + events, 0) + (state.dropped?.queue_full ?? 0);
  const given = await page.evaluate(() =>
    seen.filter(({ type }) => type === "dropped").reduce((all, { events }) => all + events, 0),
  );
  assert.equal(sum, given, "all that was given up is told, or will be");
  assert.ok(batches.reduce((all, { events }) => all + events.length, 0) <= 20);
  assert.deepEqual(page.wrongs, []);
});

test("records that are damaged are given up openly; the others are sent", async () => {
  await page.evaluate(async () => {
    await harness.start();
    // They go on, so that nothing is sealed yet.
    telemetry.session({ id: "whole" }).playing(0);
    telemetry.session({ id: "damaged" }).playing(0);
    await harness.until(({ event }) => event?.track === "damaged");
  });
  await page.goto(`${site.origin}/other`);
  await page.evaluate(damage, "damaged");
  site.requests.length = 0;
  const seen = await page.evaluate(async () => {
    await (await harness.start()).ready;
    harness.play("later", 40_000);
    await harness.until(({ type, reason }) => type === "dropped" && reason === "corrupted");
    await telemetry.flush();
    return window.seen.filter(({ type }) => type === "error");
  });
  assert.ok(seen.some(({ code }) => code === "record-corrupted"));
  const later = (jws) => payload(jws).events.some(({ track }) => track === "later");
  const { body } = await site.request(({ body }) => body.batches.some(later));
  const batches = body.batches.map(payload);
  assert.ok(batches.flatMap(({ dropped = [] }) => dropped).some(({ reason }) => reason === "corrupted"));
  assert.deepEqual(page.wrongs, []);
});

chromiumOnly("storage that was evicted begins a new device", async () => {
  const before = await page.evaluate(async () => {
    await harness.start();
    harness.play("gone", 40_000);
    await telemetry.flush();
    return telemetry.device;
  });
  await page.goto("about:blank");
  const cdp = await tabs.newCDPSession(page);
  await cdp.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes: "all" });
  await page.goto(`${site.origin}/`);
  site.requests.length = 0;
  const after = await page.evaluate(async () => {
    await harness.start();
    harness.play("new", 40_000);
    await telemetry.flush();
    return telemetry.device;
  });
  assert.notEqual(after, before);
  const { body } = await site.request();
  assert.equal(payload(body.batches[0]).seq, 1);
  assert.deepEqual(page.wrongs, []);
});

test("a database of a later version is left alone: memory serves, and the host is told", async () => {
  await page.evaluate(async () => {
    const request = indexedDB.open("delistening", 9);
    request.onupgradeneeded = () => request.result.createObjectStore("later");
    await harness.once(request, "success");
    request.result.close();
  });
  const { error, storage } = await page.evaluate(async () => {
    await (await harness.start()).ready;
    return { error: seen.find(({ type }) => type === "error"), storage: telemetry.status().storage };
  });
  assert.equal(error.code, "storage-unavailable");
  assert.equal(storage, "memory");
  const version = await page.evaluate(async () => (await indexedDB.databases())[0].version);
  assert.equal(version, 9);
  assert.deepEqual(page.wrongs, []);
});

test("another tab upgrades the database: this one lets go of it, says so, and loses nothing of what plays on", async () => {
  await page.evaluate(async () => (await harness.start()).ready);
  const other = await open(tabs, `${site.origin}/other`);
  // Answers only when every other connection is closed.
  await other.evaluate(async () => {
    const request = indexedDB.open("delistening", 2);
    await harness.once(request, "success");
    request.result.close();
  });
  const error = await page.evaluate(async () => {
    harness.play("meanwhile", 40_000);
    return harness.until(({ type, code }) => type === "error" && code === "storage-unavailable");
  });
  assert.equal(error.action, "retry");
  assert.equal(await page.evaluate(() => telemetry.status().events > 0), true);
  assert.deepEqual([...page.wrongs, ...other.wrongs], []);
});
