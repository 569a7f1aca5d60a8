// The examples for frameworks, built by Vite and used in a browser: a track is played and another one chosen in its
// place; each is measured by itself.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { launch } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";
import { ROOT } from "./project.mjs";

const PATIENCE = { timeout: 120_000 };
let www;
let browser;

before(async () => {
  [www, browser] = await Promise.all([mkdtemp(join(tmpdir(), "delistening-frameworks-")), launch()]);
  await cp(join(ROOT, "examples/demo/music"), join(www, "music"), { recursive: true });
});

after(async () => {
  await browser?.close();
  await rm(www, { recursive: true, force: true });
});

for (const name of ["react", "vue", "svelte"]) {
  test(`${name}: what is played is measured, each track by itself`, async (t) => {
    await build({
      root: join(ROOT, "examples", name),
      base: "./",
      logLevel: "error",
      build: { outDir: join(www, name), emptyOutDir: true },
    });
    const ingest = await Ingest.start({ www });
    t.after(() => ingest.stop());
    const page = await browser.newPage();
    const wrongs = [];
    page.on("pageerror", (error) => wrongs.push(String(error)));
    page.on("console", (message) => {
      if (["warning", "error"].includes(message.type())) wrongs.push(message.text());
    });
    await page.goto(`${ingest.origin}/${name}/`);
    await page.waitForFunction(() => document.querySelector("audio")?.currentTime > 1, undefined, PATIENCE);
    await page.getByRole("button", { name: "Paper Lanterns" }).click();
    const second = () => {
      const { src, currentTime } = document.querySelector("audio");
      return src.endsWith("/paper-lanterns.mp3") && currentTime > 1;
    };
    await page.waitForFunction(second, undefined, PATIENCE);
    await page.getByText(/^Receipts: [1-9]/).waitFor(PATIENCE);
    // The first is known to be over, though the page says nothing of it; whether it counts, how fast this machine is says.
    const over = ({ valid = 0, not_counted = 0 } = {}) => valid + not_counted;
    const { tracks } = await ingest.counts((_, tracks) => over(tracks["doorbell-sunrise"]) > 0);
    assert.equal(over(tracks["doorbell-sunrise"]), 1);
    assert.deepEqual(wrongs, []);
    await page.close();
  });
}
