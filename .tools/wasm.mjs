// Builds a crate as a WASM module with its JavaScript and declarations: cargo, wasm-bindgen, wasm-opt. Knows
// nothing of packages; build.mjs does. Start reading with `buildWasm`.

import { mkdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { hashOf, unlessDone } from "./lib/inputs.mjs";
import { isEntry, main, ROOT, run, say } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

// Where a panic could be stands in the module, with the path of the source: not with that of the machine that built it.
const REMAP = `--remap-path-prefix=${join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src")}=crates`;

/** The modules that we build, each from `inputs` into the folder `out`; those that are `bare` take no `std` along. */
export const MODULES = {
  sdk: {
    crate: "delistening-sdk-wasm",
    features: [],
    profile: "wasm-small",
    bare: true,
    // SHA-256 and SHA-512 in loops instead of 15 KB of unrolled rounds: a page hashes a few batches an hour.
    flags: ['--cfg=sha2_backend_soft="compact"', REMAP],
    inputs: [
      "schema/src",
      "schema/Cargo.toml",
      "sdk-core/src",
      "sdk-core/Cargo.toml",
      "sdk-wasm/src",
      "sdk-wasm/Cargo.toml",
    ],
    out: "sdk-wasm/dist/wasm",
  },
};
// The audit, for those who check an export in their browser.
MODULES.audit = {
  crate: "delistening-audit",
  features: [],
  inputs: ["schema/src", "schema/Cargo.toml", "examples/audit/src", "examples/audit/Cargo.toml"],
  out: "examples/audit/dist/wasm",
};
// A module per family of codecs, as fast as can be: a page downloads those of what it plays.
export const CODECS = ["mp3", "flac", "mp4", "vorbis", "opus", "pcm"];
const PLAYER = {
  crate: "delistening-player",
  inputs: ["player/src", "player/Cargo.toml"],
  profile: "wasm-fast",
};
for (const codec of CODECS) {
  MODULES[codec] = { ...PLAYER, features: [codec, "silent"], simd: true, out: `player/dist/wasm/${codec}` };
}
// What else is done to sound, where it is wanted.
export const TOOLS = ["measure", "resample"];
for (const tool of TOOLS) MODULES[tool] = { ...PLAYER, features: [tool], simd: true, out: `player/dist/wasm/${tool}` };
// For browsers whose WASM has no SIMD, which are few: one module of all.
MODULES.plain = { ...PLAYER, features: [...CODECS, ...TOOLS, "silent"], out: "player/dist/wasm/plain" };
// The same crate with the golden vectors' function, for the browser test. Never shipped.
MODULES.conformance = { ...MODULES.sdk, features: ["conformance"], out: "sdk-wasm/dist/conformance" };

/**
 * Builds modules of MODULES by their names. cargo builds one thing at a time in a folder, and ends each with work for one
 * processor: so the folders are built in beside each other.
 */
export async function buildModules(how, names) {
  const all = names.map((name) => MODULES[name]);
  const inOrder = async (folder) => {
    for (const module of all.filter((module) => folderOf(module) === folder)) await buildWasm(how, module);
  };
  await Promise.all([...new Set(all.map(folderOf))].map(inOrder));
}

/** Where cargo builds a module: another compiler, or other flags, may be at work here, and none should undo the others' results. */
function folderOf({ simd, flags }) {
  if (simd) return "target/wasm-simd";
  return flags ? "target/wasm-flags" : "target/wasm";
}

/** Builds one of MODULES as `how` (from setup) says, unless nothing it is made from changed. */
export async function buildWasm(how, module) {
  const { crate, features, inputs, out, profile = "wasm", simd = false, bare = false } = module;
  const flags = simd ? ["-Ctarget-feature=+simd128"] : (module.flags ?? []);
  const file = crate.replaceAll("-", "_");
  const facts = JSON.stringify([how.compiler, features, profile, flags]);
  const hash = hashOf(
    ["Cargo.toml", "Cargo.lock", ".tools/wasm.mjs", ".tools/panics.mjs", ".tools/bindgen", ...inputs],
    facts,
  );
  const outputs = [`${out}/${file}_bg.wasm`, `${out}/${file}.js`, `${out}/${file}.d.ts`];
  const name = `wasm-${crate}${features.map((feature) => `-${feature}`).join("")}${simd ? "-simd" : ""}`;
  const ran = await unlessDone(name, hash, outputs, async () => {
    const target = folderOf(module);
    const selected = features.length > 0 ? ["--no-default-features", "--features", features.join(",")] : [];
    const args = [
      "build",
      "-p",
      crate,
      "--lib",
      "--profile",
      profile,
      "--target-dir",
      target,
      ...how.args,
      ...selected,
    ];
    await run("cargo", args, {
      env: flags.length > 0 ? { ...how.env, CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") } : how.env,
    });
    rmSync(join(ROOT, out), { recursive: true, force: true });
    mkdirSync(join(ROOT, out), { recursive: true });
    await run(how.bindgen, [`${target}/wasm32-unknown-unknown/${profile}/${file}.wasm`, out], { quiet: true });
    if (!bare) {
      // Only here, since it needs what setup installs.
      const { trapOnPanic } = await import("./panics.mjs");
      trapOnPanic(join(ROOT, outputs[0]));
    }
    await optimise(outputs[0], LEVELS[profile]);
  });
  const { size } = statSync(join(ROOT, outputs[0]));
  say(`${outputs[0]}: ${(size / 1024).toFixed(1)} KiB${ran ? "" : ", unchanged"}`);
}

const LEVELS = { wasm: ["-Os"], "wasm-fast": ["-O3"], "wasm-small": ["-Oz", "--converge"] };

/** Makes the module smaller, or faster as `level` (options of wasm-opt) says. Node runs wasm-opt by its path, which works on every system. */
async function optimise(path, level) {
  const leaveOut = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  const args = ["node_modules/binaryen/bin/wasm-opt", ...level, ...leaveOut, path, "-o", path];
  await run(process.execPath, args, { quiet: true });
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { wasm } = await setup({ wasm: true });
    const names = process.argv.slice(2);
    for (const name of names.length > 0 ? names : ["sdk"]) await buildWasm(wasm, MODULES[name]);
  });
}
