// A service worker that the browser stops while it sends: what it had sent and what it had not are each counted once.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Ingest } from "../../tests/support/ingest.mjs";
import { chromiumOnly } from "./support/browser.mjs";
import { payload } from "./support/site.mjs";
import { begin, openPage, page, site, tabs } from "./support/suite.mjs";

const WORKER = `
  import { resendInBackground } from "/sdk/service-worker.js";
  const token = async ({ device }) => (await fetch("/token?device=" + device)).text();
  resendInBackground({ endpoint: location.origin, token });
`;
let ingest;

begin();

before(async () => {
  ingest = await Ingest.start();
});

after(() => ingest?.stop());

/** What the real server says to a request. */
async function answered(body) {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${ingest.origin}/v1/batches`, request);
  return { status: response.status, body: await response.json() };
}

/** A page plays, cannot send, and is gone; its service worker stays. Gives the worker's strings. */
async function leaveBehind() {
  site.texts.set("/worker.js", () => WORKER);
  site.texts.set("/token", ({ searchParams }) => ingest.token({ device: searchParams.get("device") }));
  await tabs.exposeFunction("mint", (request) => ingest.token(request));
  await openPage();
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/worker.js", { type: "module" });
    await navigator.serviceWorker.ready;
    await harness.start({ token: mint });
    harness.play("left behind", 40_000);
    await telemetry.flush();
    await harness.until(({ type, batches }) => type === "status" && batches === 1);
  });
  await page.goto("about:blank");
  const devtools = await tabs.newCDPSession(page);
  const registered = new Promise((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${site.origin}/` && !isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  const event = { origin: `${site.origin}/`, registrationId: await registered, tag: "delistening", lastChance: false };
  return {
    sync: () => devtools.send("ServiceWorker.dispatchSyncEvent", event),
    /** Resolves when it no longer runs. */
    async stop() {
      const stopped = new Promise((resolve) => {
        devtools.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
          if (versions.some(({ runningStatus }) => runningStatus === "stopped")) resolve();
        });
      });
      await devtools.send("ServiceWorker.stopAllWorkers");
      await stopped;
    },
  };
}

/** An endpoint that says nothing to the first request, which the server has taken where `taken`. */
function silentAtFirst(taken) {
  const arrived = [];
  const answers = [];
  let tell;
  const asked = new Promise((resolve) => {
    tell = resolve;
  });
  site.ingest = async (body) => {
    arrived.push(body.batches);
    const answer = arrived.length > 1 || taken ? await answered(body) : undefined;
    answers.push(answer?.body.answers[0]);
    if (arrived.length > 1) return answer;
    tell();
    return new Promise(() => {});
  };
  return { arrived, answers, asked };
}

for (const taken of [true, false]) {
  const how = taken ? "after the server has taken the batch" : "before the server has taken the batch";
  chromiumOnly(`stopped in the middle of sending, ${how}: the next sync sends the same batch`, async () => {
    const worker = await leaveBehind();
    const { arrived, answers, asked } = silentAtFirst(taken);
    site.requests.length = 0;
    await worker.sync();
    await asked;
    await worker.stop();
    await worker.sync();
    await site.request();
    assert.equal(arrived.length, 2);
    assert.deepEqual(arrived[1], arrived[0], "the same bytes");
    assert.equal(payload(arrived[1][0]).seq, 1);
    assert.equal(answers[1].status, taken ? "duplicate" : "accepted");

    // The next visit finds that the server has all of it, and sends nothing.
    await openPage();
    const left = await page.evaluate(async () => {
      await (await harness.start({ token: mint })).ready;
      await harness.until(({ type, leader, batches, events }) => type === "status" && leader && batches + events === 0);
      return (await harness.records()).filter(({ key }) => /^(batch|event|session)\//.test(key));
    });
    assert.deepEqual(left, []);
    assert.equal(arrived.length, 2);
    assert.deepEqual(page.wrongs, []);
  });
}

chromiumOnly("stopped in the middle of sending, and never woken: the next visit sends the same batch", async () => {
  const worker = await leaveBehind();
  const { arrived, answers, asked } = silentAtFirst(true);
  await worker.sync();
  await asked;
  await worker.stop();
  await openPage();
  await page.evaluate(async () => {
    await (await harness.start({ token: mint })).ready;
    await harness.until(({ type }) => type === "receipt");
    await harness.until(({ type, batches, events }) => type === "status" && batches + events === 0);
  });
  assert.deepEqual(arrived[1], arrived[0], "the same bytes");
  assert.deepEqual([arrived.length, answers[1].status], [2, "duplicate"]);
  assert.deepEqual(page.wrongs, []);
});
