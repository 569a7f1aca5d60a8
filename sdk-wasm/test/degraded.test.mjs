import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, openPage, site, tabs } from "./support/suite.mjs";

begin();

test("where IndexedDB is missing, memory serves, and the host is told", async () => {
  await tabs.addInitScript(() => {
    Object.defineProperty(window, "indexedDB", {
      value: {
        open: () => {
          throw new DOMException("blocked", "SecurityError");
        },
      },
    });
  });
  const page = await openPage();
  const { codes, storage } = await page.evaluate(async () => {
    const telemetry = await harness.start();
    harness.play("in memory", 40_000);
    await telemetry.flush();
    return {
      codes: seen.filter(({ type }) => type === "error").map(({ code }) => code),
      storage: telemetry.status().storage,
    };
  });
  assert.equal(storage, "memory");
  assert.ok(codes.includes("storage-unavailable"));
  const { body } = await site.request();
  assert.equal(body.batches.length, 1);
  assert.deepEqual(page.wrongs, []);
});

test("while the module cannot be had, plays wait; they are recorded when it can", async () => {
  site.blocked.add("/sdk/wasm/delistening_sdk_wasm_bg.wasm");
  const page = await openPage();
  const error = await page.evaluate(async () => {
    await harness.start();
    harness.play("early", 40_000);
    return harness.until(({ type }) => type === "error");
  });
  assert.equal(error.code, "core-unavailable");
  assert.equal(error.action, "retry");
  site.blocked.clear();
  await page.evaluate(async () => {
    // A try that began before may still fail.
    while (!telemetry.device) await telemetry.flush();
    await harness.until(({ event }) => event?.track === "early");
  });
  const tracks = await page.evaluate(() => seen.filter(({ type }) => type === "event").map(({ event }) => event.track));
  assert.ok(tracks.includes("early"));
  assert.deepEqual(page.wrongs, []);
});

test("nothing that the host does wrong, and none of its own failures, comes back as an exception", async () => {
  const page = await openPage();
  const { codes, ready } = await page.evaluate(async () => {
    const { Telemetry } = await import("/sdk/index.js");
    const codes = [];
    const onError = (error) => {
      codes.push(error.code);
      throw new Error("the host's own callback fails");
    };
    const broken = new Telemetry({ endpoint: "ftp://nowhere", token: () => "", onError });
    const ready = await broken.ready.catch((error) => error.code);
    broken.session({ id: "a" }).playing(0);
    broken.attach(document.createElement("audio"), { id: "a" }).detach();
    await broken.flush();
    await broken.close();
    new Telemetry(undefined);

    const telemetry = new Telemetry({
      endpoint: location.origin,
      token: () => {
        throw new Error("no session at the platform");
      },
      onError,
    });
    telemetry.session(null);
    telemetry.session({});
    telemetry.attach(null, { id: "a" });
    telemetry.attach(document.createElement("audio"), {});
    telemetry
      .attach(document.createElement("audio"), () => {
        throw new Error("no track");
      })
      .detach();
    const session = telemetry.session({ id: "a" });
    session.playing(Number.NaN);
    session.position(-1);
    session.volume(2, false);
    session.rate("fast");
    session.failed("", 0);
    session.ended("because", 0);
    session.playing(0);
    session.ended("stopped", 10);
    session.playing(20);
    await telemetry.flush();
    await telemetry.close();
    await telemetry.close();
    telemetry.session({ id: "after the end" }).playing(0);
    return { codes, ready };
  });
  assert.equal(ready, "invalid-argument");
  assert.equal(codes.filter((code) => code === "invalid-argument").length, 11, codes.join(" "));
  assert.ok(codes.includes("bad-token"), codes.join(" "));
  assert.deepEqual(page.wrongs, []);
});

test("without Web Locks this tab leads at once", async () => {
  await tabs.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
  const page = await openPage();
  await page.evaluate(async () => {
    await harness.start();
    await harness.until(({ type, leader }) => type === "status" && leader);
  });
  assert.deepEqual(page.wrongs, []);
});
