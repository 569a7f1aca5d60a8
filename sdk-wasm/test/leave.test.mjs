import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { chromiumOnly } from "./support/browser.mjs";
import { payload } from "./support/site.mjs";
import { begin, openPage, page, site } from "./support/suite.mjs";

// Playwright switches this cache off.
begin({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });

beforeEach(async () => {
  await openPage();
  await page.evaluate(async () => {
    await (await harness.start()).ready;
    await harness.until(({ type, leader }) => type === "status" && leader);
    window.playing = telemetry.session({ id: "going on", durationMs: 60_000 });
    playing.playing(0);
    await harness.until(({ type }) => type === "event");
  });
});

/** An answer after which the device has nothing left to send. */
function refuse({ batches }) {
  const problem = {
    type: "/problems/bad-signature",
    title: "Bad signature",
    status: 400,
    detail: "refused by the test",
    code: "bad-signature",
    action: "drop",
  };
  return { status: 200, body: { log: "none", answers: batches.map(() => ({ status: "refused", problem })) } };
}

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

test("what is sealed while the page is being left goes by beacon, where the module keeps the key", async () => {
  site.ingest = refuse;
  const beacons = await page.evaluate(async () => {
    await telemetry.close();
    // The browser's own key signs later, when the page is gone: then the next page sends.
    await (await harness.start({ key: "module", namespace: "beacon" })).ready;
    await harness.until(({ type, leader }) => type === "status" && leader);
    telemetry.session({ id: "leaving", durationMs: 60_000 }).playing(0);
    // From here on there is a token, and nothing waits.
    await telemetry.flush();
    await harness.until(({ type }) => type === "dropped");
    const beacons = [];
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
      const taken = send(url, body);
      beacons.push({ taken, batches: JSON.parse(body).batches.length });
      window.dispatchEvent(new Event("beacon"));
      return taken;
    };
    // A browser that lets a page finish its storage work; most freeze it first, and the next page sends.
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
    await harness.once(window, "beacon");
    return beacons;
  });
  assert.deepEqual(beacons, [{ taken: true, batches: 1 }]);
  const ends = ({ body }) => payload(body.batches[0]).events.at(-1).reason === "unloaded";
  const { headers } = await site.request(ends);
  assert.equal(headers["content-type"], "text/plain;charset=UTF-8");
  assert.deepEqual(page.wrongs, []);
});

test("of what is more than a beacon takes, a part goes and the rest is stored", async () => {
  site.ingest = refuse;
  const recorded = 400;
  const beacons = await page.evaluate(async (recorded) => {
    await telemetry.close();
    await (await harness.start({ key: "module", namespace: "large" })).ready;
    await harness.until(({ type, leader }) => type === "status" && leader);
    harness.play("first", 40_000);
    await telemetry.flush();
    await harness.until(({ type }) => type === "dropped");
    for (let n = 0; n < recorded; n += 1) harness.play(`track ${n} ${"of a long name ".repeat(10)}`, 40_000);
    const beacons = [];
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
      beacons.push({ taken: send(url, body), bytes: new TextEncoder().encode(body).length });
      window.dispatchEvent(new Event("beacon"));
      return beacons.at(-1).taken;
    };
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
    await harness.once(window, "beacon");
    return beacons;
  }, recorded);
  assert.ok(
    beacons.every(({ taken, bytes }) => taken && bytes <= 64 * 1024),
    JSON.stringify(beacons),
  );
  const sent = await site.request(({ body }) => payload(body.batches[0]).seq > 1);
  // Nobody heard the answer to the beacon, so all of it is still there.
  site.ingest = () => ({ status: 503, headers: { "retry-after": "600" } });
  await page.goto(`${site.origin}/other`);
  const stored = await page.evaluate(async () => {
    await (await harness.start({ key: "module", namespace: "large" })).ready;
    await telemetry.flush();
    return (await harness.records("large"))
      .filter(({ key }) => key.startsWith("batch/"))
      .map(({ value }) => JSON.parse(value).jws);
  });
  const plays = (batches) =>
    batches.flatMap((jws) => payload(jws).events).filter(({ type }) => type === "play.started");
  assert.equal(plays(stored).length, recorded);
  assert.ok(plays(sent.body.batches).length > 0);
  assert.deepEqual(page.wrongs, []);
});

test("it traces what it does where that is asked for, and never listens to `unload`", async () => {
  await page.evaluate(() => telemetry.close());
  const lines = [];
  page.on("console", (message) => lines.push(message.text()));
  const types = await page.evaluate(async () => {
    const types = new Set();
    const { addEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
      types.add(type);
      return addEventListener.call(this, type, ...rest);
    };
    await (await harness.start({ debug: false, namespace: "quiet" })).ready;
    harness.play("untraced", 40_000);
    await harness.until(({ type }) => type === "event");
    console.info("from here on it traces");
    await (await harness.start({ namespace: "traced" })).ready;
    harness.play("traced", 40_000);
    await harness.until(({ type }) => type === "event");
    return [...types];
  });
  const traced = lines.slice(lines.indexOf("from here on it traces") + 1);
  assert.ok(
    traced.some((line) => /^\[delistening\] event/.test(line)),
    traced.join("\n"),
  );
  assert.ok(!lines.some((line) => line.includes("untraced")), lines.join("\n"));
  assert.ok(types.includes("pagehide"));
  assert.ok(!types.some((type) => type.includes("unload")));
});

chromiumOnly("a page that comes back from the back/forward cache goes on with the chain as it then is", async () => {
  await page.evaluate(() => {
    window.marker = "the same page";
  });
  await page.goto(`${site.origin}/other`);
  await page.evaluate(async () => {
    await (await harness.start()).ready;
    harness.play("meanwhile", 40_000);
    await telemetry.flush();
  });
  await page.goBack({ waitUntil: "commit" });
  assert.equal(await page.evaluate(() => window.marker), "the same page", "it came from the cache");
  const batches = await page.evaluate(async () => {
    await telemetry.flush();
    harness.play("back again", 40_000);
    await telemetry.flush();
    await harness.until(({ type, batches }) => type === "status" && batches > 0);
    return (await harness.records())
      .filter(({ key }) => key.startsWith("batch/"))
      .map(({ value }) => JSON.parse(value).jws);
  });
  const payloads = batches.map(payload);
  assert.deepEqual(
    payloads.map(({ seq }) => seq),
    payloads.map((_, index) => index + 1),
    "one chain",
  );
  const tracks = new Set(payloads.flatMap(({ events }) => events).map(({ track }) => track));
  assert.deepEqual([...tracks].sort(), ["back again", "going on", "meanwhile"]);
  assert.deepEqual(page.wrongs, []);
});
