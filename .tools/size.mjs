// `npm run size`: the bytes that a page downloads for our packages and for others of their kind, bundled and
// minified the same way. A table for people, and as its last line one line of JSON.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { buildForApps, LIBRARY, MOBILE, strip } from "./lib/mobile.mjs";
import { installPeers, PEERS } from "./lib/peers.mjs";
import { main, ROOT, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";
import { CODECS, MODULES } from "./wasm.mjs";

const SDK = "@delistening/sdk";
const PLAYER = "@delistening/player";
const ELEMENT = "@delistening/player/element";

await main(async () => {
  const { wasm } = await setup({ wasm: true });
  await build(wasm);
  await step("Install the peers", installPeers);
  const library = await step("Build the library of mobile apps, for this platform", libraryWeight);
  const [rows, figures] = await measure();
  rows.push([`mobile: library for ${process.platform}-${process.arch}, stripped`, library]);
  figures.mobile_library = { platform: `${process.platform}-${process.arch}`, ...library };
  print(rows);
  console.log(JSON.stringify(figures));
});

async function measure() {
  const module = weigh([readFileSync(join(ROOT, MODULES.sdk.out, "delistening_sdk_wasm_bg.wasm"))]);
  const demo = join(ROOT, "examples/demo");
  const sdk = await bundled(SDK, demo);
  const alone = await bundled(PLAYER, demo, [SDK]);
  const element = await bundled(ELEMENT, demo, [SDK]);
  const withSdk = await bundled(PLAYER, demo);
  const sdkTotal = sum(sdk.all, module);
  const engine = await engineWeight();
  const rows = [
    ["SDK: loader", sdk.first],
    ["SDK: all JavaScript and the WASM module", sdkTotal],
    ["player, native engine, without the SDK", alone.first],
    ["player element, without the SDK", element.first],
    ["player, native engine, with the SDK's loader", withSdk.first],
    ["player, native engine, with all of the SDK", sum(withSdk.all, module)],
    ["player: WASM engine, loader, worker and worklet", engine],
  ];
  const codecs = {};
  for (const codec of [...CODECS, "plain"]) {
    const weight = await codecWeight(codec);
    rows.push([`player: codec module ${codec}`, weight]);
    codecs[codec] = weight.gzip;
  }
  const peers = {};
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, ".tools/peers/package.json"), "utf8"));
  for (const [name, version] of Object.entries(dependencies)) {
    const { first } = await bundled(name, join(ROOT, PEERS));
    rows.push([`${name} ${version}`, first]);
    peers[name] = first.gzip;
  }
  const figures = {
    sdk_loader_gzip: sdk.first.gzip,
    sdk_total_gzip: sdkTotal.gzip,
    player_native_gzip: alone.first.gzip,
    player_element_gzip: element.first.gzip,
    player_native_with_sdk_gzip: sum(withSdk.all, module).gzip,
    player_wasm_engine_gzip: engine.gzip,
    player_codecs_gzip: codecs,
    sdk_total_brotli: sdkTotal.brotli,
    peers,
  };
  return [rows, figures];
}

/**
 * Bundles all that a package exports: `first` is what its import downloads at once, `all` also what it may load
 * later. Each file is compressed by itself, as a server sends it.
 */
async function bundled(name, resolveDir, external = []) {
  const { build: bundle } = await import("esbuild");
  const { metafile, outputFiles } = await bundle({
    stdin: { contents: `import * as all from "${name}"; globalThis.all = all;`, resolveDir },
    outdir: join(ROOT, "target/size"),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    splitting: true,
    minify: true,
    target: "es2022",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    external,
    logLevel: "error",
    absWorkingDir: ROOT,
  });
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint);
  const initial = new Set();
  follow(entry, metafile.outputs, initial);
  const files = outputFiles.map(({ path, contents }) => ({ path: path.replaceAll("\\", "/"), contents }));
  const isFirst = ({ path }) => [...initial].some((output) => path.endsWith(`/${output}`));
  return {
    first: weigh(files.filter(isFirst).map(({ contents }) => contents)),
    all: weigh(files.map(({ contents }) => contents)),
  };
}

/** What an app carries. */
async function libraryWeight() {
  await buildForApps();
  const stripped = join(ROOT, MOBILE, `stripped-${LIBRARY}`);
  await strip(MOBILE, stripped);
  return weigh([readFileSync(stripped)]);
}

/** What the WASM engine downloads but for the module of a codec. */
async function engineWeight() {
  const folder = join(ROOT, "player/dist/engine/wasm");
  const files = await Promise.all(["engine.js", "worker.js", "worklet.js"].map((name) => minified(join(folder, name))));
  return weigh(files);
}

/** A module, and its JavaScript. */
async function codecWeight(codec) {
  const folder = join(ROOT, MODULES[codec].out);
  const bindings = await minified(join(folder, "delistening_player.js"));
  return weigh([bindings, readFileSync(join(folder, "delistening_player_bg.wasm"))]);
}

/** A file with what it imports, but for the modules of codecs, which are fetched one by one. */
async function minified(path) {
  const { build: bundle } = await import("esbuild");
  const { outputFiles } = await bundle({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    target: "es2022",
    external: ["*/delistening_player.js"],
    logLevel: "error",
    absWorkingDir: ROOT,
  });
  return outputFiles[0].contents;
}

/** Adds to `reached` the outputs that loading `path` loads with it. */
function follow(path, outputs, reached) {
  if (reached.has(path) || !outputs[path]) return;
  reached.add(path);
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind === "import-statement") follow(next, outputs, reached);
  }
}

function weigh(files) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  const total = (size) => files.reduce((bytes, file) => bytes + size(file), 0);
  return {
    min: total((file) => file.length),
    gzip: total((file) => gzipSync(file, { level: 9 }).length),
    brotli: total((file) => brotliCompressSync(file, quality).length),
  };
}

function sum(a, b) {
  return { min: a.min + b.min, gzip: a.gzip + b.gzip, brotli: a.brotli + b.brotli };
}

function print(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = (name, ...cells) =>
    console.log([name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join("  "));
  console.log(
    "\nKilobytes (1000 bytes) of what a page downloads. Peers: what importing the package downloads at once.\n",
  );
  line("", "min", "gzip", "brotli");
  for (const [name, weight] of rows) {
    line(name, ...[weight.min, weight.gzip, weight.brotli].map((bytes) => (bytes / 1000).toFixed(1)));
  }
  console.log("");
}
