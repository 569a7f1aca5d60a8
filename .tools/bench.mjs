// `npm run bench:…`: builds what a benchmark measures, optimised, and runs it. A benchmark prints a table for people
// and, as its last line, one line of JSON; what it measures stands in its own source.

import { join } from "node:path";
import { benchDecode } from "./bench/decode.mjs";
import { benchMobile, buildPrograms } from "./bench/mobile.mjs";
import { benchSdk } from "./bench/sdk.mjs";
import { build } from "./build.mjs";
import { buildForApps, CRATE } from "./lib/mobile.mjs";
import { installPeers } from "./lib/peers.mjs";
import { main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { PYTHON } from "./setup/clickhouse.mjs";
import { setup } from "./setup.mjs";
import { buildWasm, CODECS, MODULES } from "./wasm.mjs";

const SUFFIX = process.platform === "win32" ? ".exe" : "";
const release = (name) => join(ROOT, "target/release", name + SUFFIX);

const BENCHES = {
  async audit() {
    await step("Build the log and its auditor, optimised", () =>
      run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-audit"]),
    );
    await run(release("bench-audit"), [], { why: "The benchmark failed." });
  },
  /** Options: how many seeds, how many listeners, how many operations of each kind of fraud. */
  async fraud(...options) {
    await step("Build the listeners and the judge, optimised", () =>
      run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-fraud"]),
    );
    await run(release("bench-fraud"), options, { why: "The benchmark failed." });
  },
  /** Option: the load that latency is told of, in batches a second. */
  async ingest(...options) {
    await step("Build the server and its load, optimised", async () => {
      await run("cargo", ["build", "--release", "-p", "delistening-ingest"]);
      await run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-ingest"]);
    });
    // Outside of a step: the benchmark's last line stays the last.
    await run(release("bench-ingest"), [release("delistening-ingest"), ...options], { why: "The benchmark failed." });
  },
  async journal(...options) {
    await step("Build the journal's benchmark, optimised", () =>
      run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-journal"]),
    );
    await run(release("bench-journal"), options, { why: "The benchmark failed." });
  },
  /** Options: how many readers. */
  async live(...options) {
    await step("Build the server and its readers, optimised", async () => {
      await run("cargo", ["build", "--release", "-p", "delistening-ingest"]);
      await run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-live"]);
    });
    await run(release("bench-live"), [release("delistening-ingest"), ...options], { why: "The benchmark failed." });
  },
  async decode() {
    const { wasm, browser } = await setup({ wasm: true, browser: true });
    process.env.CHROME_PATH ??= browser;
    await step("Build the player and its modules", async () => {
      for (const codec of [...CODECS, "plain"]) await buildWasm(wasm, MODULES[codec]);
      await run("node_modules/.bin/tsc", ["--project", "player"]);
    });
    await step("Install the peers", installPeers);
    await benchDecode();
  },
  async mobile() {
    const { kotlin, swift } = await setup({ kotlin: true, swift: true });
    const programs = await step("Build the library as apps carry it, and what calls it", async () => {
      await buildForApps();
      await run("cargo", ["build", "--locked", ...CRATE, "--profile", "mobile", "--example", "signals"]);
      if (swift.missing) say(swift.missing.message);
      return buildPrograms(kotlin, await swift.words);
    });
    await benchMobile(programs);
  },
  async store(...options) {
    await setup({ clickhouse: true });
    await step("Build the stores and their load, optimised", () =>
      run("cargo", ["build", "--release", "-p", "delistening-tests", "--bin", "bench-store"]),
    );
    const engine = ["--python", PYTHON, "--server", join(ROOT, "tests/clickhouse/server.py")];
    await run(release("bench-store"), [...engine, ...options], { why: "The benchmark failed." });
  },
  async sdk() {
    const { wasm, browser } = await setup({ wasm: true, browser: true });
    await build(wasm);
    await step("Install the peers", installPeers);
    await benchSdk(browser);
  },
};

await main(async () => {
  const [name, ...options] = process.argv.slice(2);
  const bench = Object.hasOwn(BENCHES, name ?? "") ? BENCHES[name] : undefined;
  if (!bench) throw new Stop(`Name the benchmark to run: ${Object.keys(BENCHES).join(", ")}.`);
  await setup();
  await bench(...options);
});
