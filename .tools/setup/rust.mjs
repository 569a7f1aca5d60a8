// Rust: a recent enough compiler, its formatter and lints, and a C compiler for the one C library we build.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const INSTALL = "install it with rustup (https://rustup.rs) and run this again.";

/** Whether `version` (like 1.96.0) is at least `least`. */
export function atLeast(version, least) {
  const [a, b] = [version, least].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0);
  }
  return true;
}

/** The version that a compiler says it has; undefined where it is missing. */
export async function rustVersion(compiler) {
  const { code, stdout } = await ask(compiler, ["--version"]);
  return code === 0 ? /^rustc (\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** The oldest Rust that the workspace builds with. */
export function leastRust() {
  const manifest = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
  return /^rust-version = "([\d.]+)"/m.exec(manifest)[1];
}

/** Sees to Rust; gives the compiler's version. */
export async function ensureRust({ lints }) {
  const [least, version] = [leastRust(), await rustVersion("rustc")];
  if (version === undefined) throw new Stop(`Rust ${least} or newer is needed: ${INSTALL}`);
  if (!atLeast(version, least)) {
    throw new Stop(`Rust ${least} or newer is needed and ${version} is here: run \`rustup update stable\`.`);
  }
  if ((await ask("cargo", ["--version"])).code !== 0) throw new Stop(`cargo is needed: ${INSTALL}`);
  if (lints) await ensureLints();
  await ensureC();
  say(`Rust ${version}`);
  return version;
}

async function ensureLints() {
  for (const [subcommand, component] of [
    ["fmt", "rustfmt"],
    ["clippy", "clippy"],
  ]) {
    if ((await ask("cargo", [subcommand, "--version"])).code === 0) continue;
    const why = `${component} is needed: run \`rustup component add ${component}\`, or install your system's package.`;
    await run("rustup", ["component", "add", component], { why });
  }
}

/** SQLite is compiled from its C source. */
async function ensureC() {
  if (process.platform === "win32" || (await ask("cc", ["--version"])).code === 0) return;
  await aptInstall(["gcc", "libc6-dev"], "A C compiler is needed: install gcc or clang and run this again.");
}
