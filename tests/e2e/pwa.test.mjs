// The offline example in a real browser: kept, played without a network, closed; and sent by the service worker, with no
// page open, when there is a network again.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchProfile } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";
import { heardOut } from "../support/stored.mjs";

let profile;
let ingest;

before(async () => {
  const www = fileURLToPath(new URL("../../examples/offline/dist", import.meta.url));
  [profile, ingest] = await Promise.all([mkdtemp(join(tmpdir(), "delistening-profile-")), Ingest.start({ www })]);
});

after(async () => {
  await ingest?.stop();
  await rm(profile, { recursive: true, force: true, maxRetries: 10 });
});

const PATIENCE = { timeout: 120_000 };

/** What a browser does when it knows of a network: wakes the service worker of each registration that asked for it. */
async function wake(page, origin) {
  const devtools = await page.context().newCDPSession(page);
  const registered = new Promise((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${origin}/` && !isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  const registrationId = await registered;
  const event = { origin: `${origin}/`, registrationId, tag: "delistening", lastChance: false };
  await devtools.send("ServiceWorker.dispatchSyncEvent", event);
}

test("a track kept, heard offline and left behind is sent with no page open, and counts once", async () => {
  const { origin } = ingest;
  let browser = await launchProfile(profile);
  let page = await browser.newPage();
  await page.goto(origin);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, undefined, PATIENCE);
  await page.getByRole("button", { name: "Keep Doorbell Sunrise" }).click();
  await page.getByRole("button", { name: "Keep Doorbell Sunrise" }).and(page.getByText("Kept")).waitFor(PATIENCE);

  // The network goes, and the server with it: the service worker has none either.
  await ingest.kill();
  await browser.setOffline(true);
  await page.reload();
  await page.getByRole("button", { name: "Play Doorbell Sunrise" }).click();
  await page.evaluate(heardOut);
  await page.getByText(/^Waits to be sent: [1-9]/).waitFor(PATIENCE);
  await page.evaluate(async () => {
    const { sync } = await navigator.serviceWorker.ready;
    while (!(await sync.getTags()).includes("delistening"));
  });
  await page.close();
  await browser.close();

  // Another day: the browser is open, and no page of the site is.
  await ingest.run();
  browser = await launchProfile(profile);
  page = await browser.newPage();
  await wake(page, origin);
  const { total, tracks } = await ingest.counts(({ valid }) => valid === 1);
  assert.deepEqual([tracks["doorbell-sunrise"].valid, total.not_counted], [1, 0]);
  assert.ok(browser.pages().every((open) => !open.url().startsWith(origin)));

  // The next visit finds nothing left to do, and nothing is counted again.
  await page.goto(origin);
  await page.getByText("Nothing waits to be sent.").waitFor(PATIENCE);
  assert.equal((await ingest.get("/v1/plays")).valid, 1);
  await browser.close();
});
