// The packages from their tarballs, through the bundlers that people use and without one: what comes out plays real audio
// in a browser, and the receipt is verified by the module that the bundle found.
import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "../support/browser.mjs";
import { Ingest } from "../support/ingest.mjs";
import { FreshProject, ROOT } from "./project.mjs";

const PATIENCE = { timeout: 120_000 };
const APP = `
import { Player } from "@delistening/player";
import { Telemetry } from "@delistening/sdk";

const token = async ({ device }) => {
  const answer = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ device, listener: "listener-1" }),
  });
  return (await answer.json()).token;
};
const telemetry = new Telemetry({ endpoint: location.origin, token, namespace: location.pathname });
window.errors = [];
telemetry.addEventListener("error", ({ detail }) => window.errors.push(detail.message));
telemetry.addEventListener("receipt", ({ detail }) => { window.receipt = detail; });
window.play = async (engine) => {
  const player = new Player({ telemetry, engine });
  player.addEventListener("error", ({ detail }) => window.errors.push(detail.message));
  player.queue.add({ id: "doorbell-sunrise", src: "/music/doorbell-sunrise.mp3" });
  const started = new Promise((resolve) => telemetry.addEventListener("event", resolve, { once: true }));
  await player.play();
  const { detail } = await started;
  await player.close();
  await telemetry.flush();
  return detail.engine;
};
`;
const HTML = (script) => `<!doctype html><title>app</title><link rel="icon" href="data:,">${script}`;
const MODULE = HTML('<script type="module" src="./main.js"></script>');

/** How each makes, of the app in `folder`, a folder of files to serve. */
const WAYS = {
  async vite(folder, out) {
    const { build } = await import("vite");
    await writeFile(join(folder, "index.html"), MODULE);
    await build({
      root: folder,
      base: "./",
      configFile: false,
      logLevel: "error",
      build: { outDir: out, emptyOutDir: true },
    });
  },
  async webpack(folder, out) {
    const { default: webpack } = await import("webpack");
    const stats = await new Promise((resolve, reject) => {
      const compiler = webpack({
        mode: "production",
        context: folder,
        entry: "./main.js",
        output: { path: out, filename: "main.js" },
      });
      compiler.run((error, result) => {
        if (error) reject(error);
        else compiler.close(() => resolve(result));
      });
    });
    assert.deepEqual(stats.toJson({ all: false, errors: true }).errors, []);
    await writeFile(join(out, "index.html"), HTML('<script defer src="./main.js"></script>'));
  },
  async esbuild(folder, out) {
    const { build } = await import("esbuild");
    await build({
      absWorkingDir: folder,
      entryPoints: ["main.js"],
      outdir: out,
      bundle: true,
      splitting: true,
      format: "esm",
      logLevel: "error",
    });
    // It leaves addresses as they are: what they name is put beside the script.
    await copyModules(folder, out);
    await writeFile(join(out, "index.html"), MODULE);
  },
  async "no bundler"(folder, out) {
    await mkdir(out, { recursive: true });
    await cp(join(folder, "node_modules/@delistening"), join(out, "packages"), { recursive: true });
    await cp(join(folder, "main.js"), join(out, "main.js"));
    const imports = {
      "@delistening/sdk": "./packages/sdk/dist/index.js",
      "@delistening/player": "./packages/player/dist/index.js",
    };
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    await writeFile(join(out, "index.html"), HTML(`${map}<script type="module" src="./main.js"></script>`));
  },
};

async function copyModules(folder, out) {
  const from = join(folder, "node_modules/@delistening/sdk/dist/wasm");
  await cp(from, join(out, "wasm"), { recursive: true, filter: (path) => !/\.(js|ts)$/.test(path) });
}

let project;
let browser;
let ingest;

before(async () => {
  project = await FreshProject.make();
  const www = join(project.folder, "www");
  await cp(join(ROOT, "examples/demo/music"), join(www, "music"), { recursive: true });
  await writeFile(join(project.folder, "main.js"), APP);
  [browser, ingest] = await Promise.all([launch(), Ingest.start({ www })]);
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
  await project?.remove();
});

for (const [name, build] of Object.entries(WAYS)) {
  test(`${name}: what is built plays, and its receipt is verified`, async () => {
    const place = name.replace(" ", "-");
    await build(project.folder, join(project.folder, "www", place));
    const page = await browser.newPage();
    const wrongs = [];
    page.on("pageerror", (error) => wrongs.push(String(error)));
    await page.goto(`${ingest.origin}/${place}/`);
    await page.waitForFunction(() => "play" in window, undefined, PATIENCE);
    assert.equal(await page.evaluate(() => window.play("native")), "native");
    await page.waitForFunction(() => window.receipt?.verified === true, undefined, PATIENCE);
    assert.deepEqual([await page.evaluate(() => window.errors), wrongs], [[], []]);
    await page.close();
  });
}
