// What a new user sees after `npm start`: the demo page, served by the server itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";

let browser;
let ingest;

before(async () => {
  const www = fileURLToPath(new URL("../../examples/demo/dist", import.meta.url));
  // Without the flag for autoplay: the page must do with a click, as a person's browser does.
  [browser, ingest] = await Promise.all([launch({ autoplay: false }), Ingest.start({ www })]);
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
});

test("a person presses play, and sees a counted play with a receipt; the switch holds plays back", async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(String(error)));
  await page.goto(ingest.origin);
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.getByText(/^play\.started doorbell-sunrise/).waitFor();
  await page.getByText(/^batch 1: \d+ events?, \d+ bytes, signed/).waitFor({ timeout: 30_000 });
  await page.getByText("batch 1: accepted").waitFor();
  await page.getByText(/✓ batch 1 is entry 1 of \d+/).waitFor();
  const valid = page.locator("#valid");
  await page.waitForFunction(() => document.querySelector("#valid")?.textContent === "1", undefined, {
    timeout: 60_000,
  });

  const network = page.getByRole("switch");
  await network.click();
  assert.equal(await network.getAttribute("aria-checked"), "false");
  await page.getByRole("button", { name: "Next track" }).click();
  await page.waitForFunction(() => Number(document.querySelector("#waiting-batches")?.textContent) > 0, undefined, {
    timeout: 60_000,
  });
  assert.equal(await valid.textContent(), "1");
  await network.click();
  await page.waitForFunction(
    () =>
      document.querySelector("#waiting-batches")?.textContent === "0" &&
      Number(document.querySelector("#proved")?.textContent) > 1,
    undefined,
    { timeout: 60_000 },
  );
  assert.ok(await page.locator("#trouble").isHidden());
  assert.deepEqual(wrongs, []);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  await page.close();
});
