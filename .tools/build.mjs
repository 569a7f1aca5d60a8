// Builds all that a browser downloads: the WASM modules, the npm packages and the demo page. The server is
// cargo's affair. Start reading with `build`.

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { extname, join } from "node:path";
import { isEntry, main, ROOT, run, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";
import { buildModules, CODECS, MODULES, TOOLS } from "./wasm.mjs";

const DEMO = "examples/demo";
const AUDIT = "examples/audit";
const OFFLINE = "examples/offline";
const DASHBOARD = "ingest-server/dashboard";
// What a page may ask for. Scripts and notes that lie beside it stay behind.
const STATIC = new Set(
  ".css .flac .html .ico .jpg .json .m4a .mp3 .oga .ogg .opus .png .svg .txt .wav .webm .webmanifest .webp".split(" "),
);
const NOT_STATIC = new Set(["package.json", "tsconfig.json", "dist", "node_modules", "src", "worker"]);
const BUNDLE = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  sourcemap: true,
  target: "es2022",
  logLevel: "warning",
};

/** Builds everything, with `how` from setup; `conformance` adds the module that only a test loads. */
export async function build(how, { conformance = false } = {}) {
  const modules = ["sdk", ...(conformance ? ["conformance"] : []), ...CODECS, ...TOOLS, "plain", "audit"];
  await step("Build the WASM modules", () => buildModules(how, modules));
  await step("Build @delistening/sdk", buildSdk);
  await step("Build @delistening/player", () => compile("player"));
  await step("Build the demo page", buildDemo);
  await step("Build the offline page", buildOffline);
  await step("Build the page of the audit", () => buildPage(AUDIT, ["web/main.ts", "web/worker.ts"], ["wasm"]));
  await step("Build the dashboard", buildDashboard);
}

/** Checks the types of a TypeScript project without writing anything. */
export async function typecheck(folder) {
  await run("node_modules/.bin/tsc", ["--noEmit", "--project", folder], {
    why: `The types of ${folder} do not hold; what is wrong stands above.`,
  });
}

async function buildSdk() {
  clear("sdk-wasm/dist", ["wasm", "conformance"]);
  // The generated types are a declaration file already: they hold no values.
  cpSync(join(ROOT, "schema/ts/index.ts"), join(ROOT, "sdk-wasm/dist/schema.d.ts"));
  await emit("sdk-wasm");
}

async function compile(folder) {
  clear(`${folder}/dist`, ["wasm"]);
  await emit(folder);
}

async function emit(folder) {
  for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"])
    cpSync(join(ROOT, licence), join(ROOT, folder, "dist", licence));
  await run("node_modules/.bin/tsc", ["--project", folder], {
    why: `${folder} could not be compiled; what is wrong stands above.`,
  });
}

/** Empties a folder of what an earlier build left, but for the names in `keep`. */
function clear(folder, keep) {
  mkdirSync(join(ROOT, folder), { recursive: true });
  for (const name of readdirSync(join(ROOT, folder))) {
    if (!keep.includes(name)) rmSync(join(ROOT, folder, name), { recursive: true });
  }
}

async function buildDemo() {
  await buildPage(DEMO, ["src/main.ts"], []);
  // The SDK asks for its module beside itself, and the bundle lies at the top of the page's folder.
  copyStatic(join(ROOT, MODULES.sdk.out), join(ROOT, DEMO, "dist/wasm"), new Set([".wasm"]));
}

async function buildOffline() {
  // One script: its service worker keeps a list of files, and chunks have names of their own.
  await buildPage(OFFLINE, ["src/main.ts"], [], { splitting: false });
  // A classic script, which every browser takes as a service worker. It is told where the module lies.
  const worker = { ...BUNDLE, entryPoints: [`${OFFLINE}/worker/sw.ts`], outdir: `${OFFLINE}/dist`, format: "iife" };
  const { build: bundle } = await import("esbuild");
  await bundle({ ...worker, splitting: false, logOverride: { "empty-import-meta": "silent" } });
  copyStatic(join(ROOT, MODULES.sdk.out), join(ROOT, OFFLINE, "dist/wasm"), new Set([".wasm"]));
  copyStatic(join(ROOT, DEMO, "music"), join(ROOT, OFFLINE, "dist/music"), new Set([".json", ".mp3"]));
}

/** The server takes it from there when it is built: `ingest-server/build.rs`. The audit's worker and module lie beside. */
export async function buildDashboard() {
  clear(`${DASHBOARD}/dist`, []);
  const { build: bundle } = await import("esbuild");
  const entryPoints = {
    main: `${DASHBOARD}/src/main.ts`,
    worker: `${AUDIT}/web/worker.ts`,
    style: `${DASHBOARD}/style.css`,
  };
  await bundle({ ...BUNDLE, entryPoints, outdir: `${DASHBOARD}/dist` });
  copyStatic(join(ROOT, DASHBOARD), join(ROOT, DASHBOARD, "dist"), new Set([".html"]));
  copyStatic(join(ROOT, MODULES.audit.out), join(ROOT, DASHBOARD, "dist/wasm"), new Set([".wasm"]));
  say(`${DASHBOARD}/dist`);
}

/** Bundles a page: its scripts and what lies beside them. What `keep` names in its folder was built before. */
async function buildPage(folder, scripts, keep, options = {}) {
  clear(`${folder}/dist`, keep);
  const { build: bundle } = await import("esbuild");
  const entryPoints = scripts.map((script) => `${folder}/${script}`);
  await bundle({ ...BUNDLE, entryPoints, outdir: `${folder}/dist`, ...options });
  copyStatic(join(ROOT, folder), join(ROOT, folder, "dist"), STATIC);
  say(`${folder}/dist`);
}

function copyStatic(from, to, extensions) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, goal] = [join(from, entry.name), join(to, entry.name)];
    if (NOT_STATIC.has(entry.name)) continue;
    if (entry.isDirectory()) copyStatic(source, goal, extensions);
    else if (extensions.has(extname(entry.name))) cpSync(source, goal);
  }
}

/** The folders that are TypeScript projects, and those below them of what runs in a worker. */
export function projects(folders) {
  const all = folders.flatMap((folder) => [folder, `${folder}/worker`]);
  return all.filter((folder) => existsSync(join(ROOT, folder, "tsconfig.json")));
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { wasm } = await setup({ wasm: true });
    await build(wasm);
  });
}
