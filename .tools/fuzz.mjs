// `npm run fuzz -- [--target NAME] [--seconds N] [--keep]`: runs the fuzz targets (all by default, N seconds each) under
// libFuzzer, guided by coverage, on the stable toolchain. Ends with 1 and the input's path if one breaks a promise.
// `--keep` puts what has found new coverage, minimised, into the corpus in the repository. The last line is JSON.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ask, bold, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { aptInstall } from "./setup/apt.mjs";
import { setup } from "./setup.mjs";

const FOLDER = join(ROOT, "tests/fuzz");
const CORPUS = join(FOLDER, "corpus");
const BUILT = join(ROOT, "target/fuzz");
/** What coverage guides by: edges, and what is compared with what. Both are stable options of rustc. */
const INSTRUMENTS = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/** Of each target so many inputs are kept at most, with so many bytes together. */
const MOST_KEPT = { files: 24, bytes: 10_000 };

/** Builds the engine; gives its path. With `--target`, so that build scripts are left without instruments. */
async function buildEngine() {
  if ((await ask("c++", ["--version"])).code !== 0) {
    await aptInstall(["g++"], "libFuzzer is compiled from C++: install g++ or clang and run this again.");
  }
  const { stdout } = await ask("rustc", ["-vV"]);
  const host = /^host: (.+)$/m.exec(stdout)[1];
  const args = ["build", "--release", "--target", host, "--target-dir", BUILT];
  await run("cargo", [...args, "--manifest-path", join(FOLDER, "engine/Cargo.toml")], {
    env: { RUSTFLAGS: INSTRUMENTS.join(" ") },
  });
  return join(BUILT, host, "release/delistening-fuzz-engine");
}

async function targetNames() {
  const args = ["run", "--quiet", "--locked", "-p", "delistening-fuzz", "--example", "seeds"];
  const folder = join(BUILT, "seeds");
  rmSync(folder, { recursive: true, force: true });
  await run("cargo", [...args, "--", folder], { quiet: true });
  return { seeds: folder, names: readdirSync(folder).sort() };
}

/** Fuzzes one target; gives how many inputs were run, edges covered, and the input that failed. */
async function fuzz(engine, name, seeds, seconds, keep) {
  const found = mkdtempSync(join(tmpdir(), "delistening-fuzz-"));
  const failures = join(BUILT, "failures", name);
  for (const folder of [failures, join(CORPUS, name)]) mkdirSync(folder, { recursive: true });
  const options = [`-max_total_time=${seconds}`, "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-verbosity=1"];
  const folders = [found, join(CORPUS, name), join(seeds, name)];
  const env = { FUZZ_TARGET: name };
  const args = [...options, "-print_final_stats=1", `-artifact_prefix=${failures}/`, ...folders];
  const { code, text } = await ask(engine, args, { env });
  const number = (pattern) => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
  const result = {
    runs: number(/stat::number_of_executed_units:\s*(\d+)/g),
    edges: number(/ cov: (\d+)/g),
    failure: code === 0 ? undefined : /Test unit written to (.+)/.exec(text)?.[1],
  };
  if (code !== 0 && result.failure === undefined) throw new Stop(`The fuzzer did not run: ${text.slice(-2000)}`);
  if (keep && code === 0) await keepSmallest(engine, name, folders, env);
  rmSync(found, { recursive: true, force: true });
  return result;
}

/** Leaves in the corpus the smallest inputs that together cover what all do, up to a size. */
async function keepSmallest(engine, name, folders, env) {
  const merged = mkdtempSync(join(tmpdir(), "delistening-corpus-"));
  await ask(engine, ["-merge=1", "-max_len=4096", merged, ...folders], { env });
  const files = readdirSync(merged).map((file) => ({ file, bytes: statSync(join(merged, file)).size }));
  files.sort((a, b) => a.bytes - b.bytes);
  // Of many, small and large ones alike.
  const every = Math.max(1, Math.ceil(files.length / MOST_KEPT.files));
  rmSync(join(CORPUS, name), { recursive: true, force: true });
  mkdirSync(join(CORPUS, name));
  let sum = 0;
  for (const { file, bytes } of files.filter((_, place) => place % every === 0)) {
    sum += bytes;
    if (sum > MOST_KEPT.bytes) break;
    await run("cp", [join(merged, file), join(CORPUS, name, file.slice(0, 16))], { quiet: true });
  }
  rmSync(merged, { recursive: true, force: true });
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true },
      seconds: { type: "string", default: "60" },
      keep: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Stop("--seconds must be a whole number, 1 or more.");
  await setup();
  const engine = await step("Build the targets and libFuzzer", buildEngine);
  const { seeds, names } = await targetNames();
  const chosen = values.target ?? names;
  for (const name of chosen) {
    if (!names.includes(name)) throw new Stop(`--target ${name}: there are ${names.join(", ")}.`);
  }
  let runs = 0;
  const failed = [];
  const edges = {};
  for (const [place, name] of chosen.entries()) {
    await step(`${name} (${place + 1} of ${chosen.length})`, async () => {
      const result = await fuzz(engine, name, seeds, seconds, values.keep);
      runs += result.runs;
      edges[name] = result.edges;
      say(`${result.runs.toLocaleString("en")} inputs, ${result.edges} edges covered`);
      if (result.failure === undefined) return;
      failed.push(name);
      say(bold(`a promise is broken by ${result.failure}`));
    });
  }
  if (failed.length > 0) process.exitCode = 1;
  console.log(JSON.stringify({ targets: chosen.length, runs, crashes: failed.length, edges }));
});
