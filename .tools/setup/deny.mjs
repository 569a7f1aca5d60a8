// cargo-deny: the one on the PATH, or one of our own in target/tools.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ask, ROOT, run, say } from "../lib/run.mjs";
import { atLeast } from "./rust.mjs";

const VERSION = "0.20.2";
// The oldest that reads our configuration.
const LEAST = "0.18.0";
// It runs for seconds and is built in minutes: build it fast rather than to be fast.
const QUICK = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "64",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
  CARGO_PROFILE_RELEASE_INCREMENTAL: "false",
};

/** The program cargo-deny. */
export async function ensureDeny() {
  const { code, stdout } = await ask("cargo", ["deny", "--version"]);
  const version = /(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (code === 0 && version && atLeast(version, LEAST)) {
    say(`cargo-deny ${version}`);
    return "cargo-deny";
  }
  const tools = join(ROOT, "target/tools");
  const program = join(tools, "bin", process.platform === "win32" ? "cargo-deny.exe" : "cargo-deny");
  const own = existsSync(program) ? await ask(program, ["--version"]) : { code: undefined };
  if (own.code !== 0 || !own.stdout.includes(VERSION)) {
    say("building cargo-deny (once, some minutes)");
    const target = join(tools, "build/cargo-deny");
    const args = ["install", "cargo-deny", "--version", VERSION, "--locked", "--root", tools, "--target-dir", target];
    await run("cargo", args, {
      env: QUICK,
      quiet: true,
      why: `cargo-deny could not be built: run \`cargo install cargo-deny --version ${VERSION} --locked\` and run this again.`,
    });
  }
  say(`cargo-deny ${VERSION}`);
  return program;
}
