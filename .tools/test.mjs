// `npm test`: everything that must hold, in order, ending at the first step that fails. The last line is
// `N passed, M failed`, the sum over all test runners. Start reading with the list of steps.

import { basename, join, relative } from "node:path";
import { build, projects, typecheck } from "./build.mjs";
import { crash } from "./crash.mjs";
import { buildKotlin } from "./kotlin.mjs";
import { filesUnder } from "./lib/inputs.mjs";
import { bold, main, ROOT, run, Stop, say, seconds, step, steps } from "./lib/run.mjs";
import { checkNpm, checkRust } from "./lib/supply.mjs";
import { Totals } from "./lib/totals.mjs";
import { workspaces } from "./setup/packages.mjs";
import { EVERYTHING, setup } from "./setup.mjs";
import { buildSwift } from "./swift.mjs";

const WORKSPACE = ["--workspace", "--all-features"];
// Those that say most about a browser: keys, storage, consent, the page's end, the network, media elements, libraries, and
// what is decoded and sounded.
const IN_FIREFOX = [
  ...["adapters", "attach", "consent", "heard", "key", "leave", "private", "receipts", "storage"].map(
    (name) => `sdk-wasm/test/${name}.test.mjs`,
  ),
  ...["analysis", "joins", "output", "playback", "wasm"].map((name) => `player/test/${name}.test.mjs`),
  "tests/e2e/dashboard-everywhere.test.mjs",
];
const totals = new Totals();
const leftOut = [];

async function all() {
  // Where everything is built once, what makes the next build quicker is gigabytes for nothing.
  if (process.env.CI) process.env.CARGO_INCREMENTAL ??= "0";
  const tools = await setup(EVERYTHING);
  await step("Formatting of Rust", () => run("cargo", ["fmt", "--all", "--check"], { why: "Run `cargo fmt --all`." }));
  await step("Formatting and lints of TypeScript, JavaScript and JSON", () =>
    run("node_modules/.bin/biome", ["check", "--error-on-warnings"], { why: "Run `npx biome check --write`." }),
  );
  await step("Lints of Rust", () =>
    run("cargo", ["clippy", "--locked", ...WORKSPACE, "--all-targets", "--", "-D", "warnings"], {
      why: "Clippy has found something; it stands above.",
    }),
  );
  await step("Tests of Rust", () => cargoTest());
  await step("A server is killed under load", () => crash("--runs", "50", "--seed", "20"));
  await build(tools.wasm, { conformance: true });
  await step("Types of TypeScript", async () => {
    for (const folder of projects(workspaces())) await typecheck(folder);
  });
  for (const folder of workspaces()) await nodeTests(folder, tools);
  await step("Tests of the web packages in Firefox", () => inFirefox(tools));
  await mobile(tools);
  await step("Licences, sources and advisories of crates", () => checkRust(tools.deny));
  await step("Advisories of npm packages", () => checkNpm());
}

/** Also builds, with the features of all, what later tests run: the server's program and the library for Kotlin. */
async function cargoTest() {
  const env = process.stdout.isTTY ? { CARGO_TERM_COLOR: "always" } : {};
  await run("cargo", ["build", "--locked", ...WORKSPACE, "--lib", "--bins", "--tests"], { env });
  await counted("cargo", ["test", "--locked", ...WORKSPACE], env, "cargo");
}

/** The tests of a folder in JavaScript: its files named *.test.mjs or *.test.js. */
async function nodeTests(folder, { browser, firefox, python }, title = folder) {
  const files = filesUnder(join(ROOT, folder)).filter((file) => /\.test\.m?js$/.test(basename(file)));
  if (files.length === 0) return;
  const env = { CHROME_PATH: browser, CHROMIUM: browser, FIREFOX: firefox, PYTHON: python };
  const args = ["--test", "--test-reporter=spec", ...files.map((file) => relative(ROOT, file))];
  await step(`Tests of ${title}`, () => counted(process.execPath, args, env, "node"));
}

/** Kotlin and Swift beside each other: their compilers use one processor most of the time. */
async function mobile({ kotlin, swift: { words, missing } }) {
  if (missing) left(`Swift was NOT compiled and tested: ${missing.message}`);
  await step("Build the bindings in Kotlin and Swift, and their tests", () =>
    Promise.all([buildKotlin(kotlin), words?.then(buildSwift)]),
  );
  const folder = missing ? "sdk-mobile/test/kotlin" : "sdk-mobile/test";
  await nodeTests(folder, {}, `sdk-mobile in Kotlin${missing ? "" : " and Swift"}`);
}

async function inFirefox({ browser, firefox }) {
  const env = { BROWSER: "firefox", FIREFOX: firefox, CHROME_PATH: browser };
  await counted(process.execPath, ["--test", "--test-reporter=spec", ...IN_FIREFOX], env, "node");
}

async function counted(command, args, env, runner) {
  try {
    totals.add(runner, await run(command, args, { env, tee: true, why: "Tests failed; which ones stands above." }));
  } catch (failure) {
    totals.add(runner, failure.output ?? "");
    throw failure;
  }
}

/** Something that cannot be done here is said where it would be done, and again at the end. */
function left(what) {
  say(what);
  leftOut.push(what);
}

/** The step that failed first, each step's time, and the sum. */
function summary(ok) {
  console.log(`\n${bold("Summary")}`);
  for (const { title, seconds: time, ok: fine } of steps)
    say(`${fine ? "ok    " : "FAILED"} ${title} (${seconds(time)})`);
  say(`${seconds(steps.reduce((sum, entry) => sum + entry.seconds, 0))} in all`);
  if (totals.skipped > 0) say(`${totals.skipped} tests were left out by their authors (ignored or skipped)`);
  for (const what of leftOut) say(what);
  // A step that is not a test and failed counts as one: the sum must not look clean.
  const failed = ok ? totals.failed : Math.max(totals.failed, 1);
  console.log(`${totals.passed} passed, ${failed} failed`);
}

await main(async () => {
  let ok = false;
  try {
    await all();
    if (totals.passed === 0) throw new Stop("No test has run.");
    ok = true;
  } catch (thrown) {
    console.error(
      `\n${bold("Stopped")} at "${steps.at(-1)?.title}": ${thrown instanceof Error ? thrown.message : thrown}`,
    );
    if (process.env.DEBUG && !(thrown instanceof Stop)) console.error(thrown);
    process.exitCode = 1;
  }
  summary(ok);
});
