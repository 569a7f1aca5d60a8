// What builds WASM: a compiler with the target's standard library, wasm-bindgen of the crate's own version, and
// wasm-opt (an npm package). Nothing global is changed but what rustup or apt-get are asked to add.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, unlessDone } from "../lib/inputs.mjs";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";
import { atLeast, leastRust, rustVersion } from "./rust.mjs";

const TARGET = "wasm32-unknown-unknown";
const DEBIAN = { compiler: "/usr/bin/rustc", source: "/usr/lib/rustlib/src/rust/library/std", linker: "wasm-ld-19" };
const OTHERWISE = `Rust's WASM target is needed: run \`rustup target add ${TARGET}\` and run this again.`;

/**
 * How to build WASM: `{ compiler, args, env, bindgen }`, where `compiler` says which one (for people and for hashes),
 * `args` and `env` go to cargo, and `bindgen` is our program that runs wasm-bindgen.
 */
export async function ensureWasm(rust) {
  const how = await toolchain(rust);
  say(`WASM by ${how.compiler}`);
  return { ...how, bindgen: await ensureBindgen() };
}

/** The ordinary way where it can be had, else Debian's compiler. WASM_COMPILER=debian asks for the latter. */
async function toolchain(rust) {
  const ordinary = { compiler: `rustc ${rust} with its ${TARGET} library`, args: ["--target", TARGET], env: {} };
  if (process.env.WASM_COMPILER !== "debian") {
    if (await hasTarget()) return ordinary;
    if ((await ask("rustup", ["--version"])).code === 0) {
      say(`adding rustup's target ${TARGET}`);
      await ask("rustup", ["target", "add", TARGET], { seconds: 300 });
      if (await hasTarget()) return ordinary;
      say("rustup could not; trying Debian's compiler");
    }
  }
  return debian();
}

/** Whether the compiler in use has the target's standard library, however it was installed. */
async function hasTarget() {
  const { code, stdout } = await ask("rustc", ["--print", "target-libdir", "--target", TARGET]);
  const folder = stdout.trim();
  return code === 0 && existsSync(folder) && readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));
}

/** Debian's compiler builds the standard library from its source. */
async function debian() {
  const here = async () => existsSync(DEBIAN.source) && (await ask(DEBIAN.linker, ["--version"])).code === 0;
  if (!(await here())) await aptInstall(["rustc-web", "rust-web-src", "lld-19"], OTHERWISE);
  const version = await rustVersion(DEBIAN.compiler);
  if (!(await here()) || !version || !atLeast(version, leastRust())) throw new Stop(OTHERWISE);
  return {
    compiler: `Debian's rustc ${version} with its library's source`,
    args: ["--target", TARGET, "-Z", "build-std=std,panic_abort"],
    env: {
      RUSTC: DEBIAN.compiler,
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: DEBIAN.linker,
    },
  };
}

/**
 * Builds .tools/bindgen: wasm-bindgen's own library behind a command line, in a third of the time that its CLI takes.
 * Its version must be exactly the crate's.
 */
async function ensureBindgen() {
  const version = locked("Cargo.lock", "wasm-bindgen");
  const tool = locked(".tools/bindgen/Cargo.lock", "wasm-bindgen-cli-support");
  if (version !== tool) {
    throw new Stop(
      `Cargo.lock has wasm-bindgen ${version} and .tools/bindgen has ${tool}: set the version in .tools/bindgen/Cargo.toml and build it once.`,
    );
  }
  const folder = "target/tools/build/bindgen";
  const program = `${folder}/debug/bindgen${process.platform === "win32" ? ".exe" : ""}`;
  await unlessDone("bindgen", hashOf([".tools/bindgen"]), [program], async () => {
    say(`building wasm-bindgen ${version} (once)`);
    const args = ["build", "--locked", "--manifest-path", ".tools/bindgen/Cargo.toml", "--target-dir", folder];
    await run("cargo", args, { quiet: true });
  });
  say(`wasm-bindgen ${version}`);
  return join(ROOT, program);
}

/** The version of a crate in a lock file; undefined where it is not in it. */
function locked(lock, crate) {
  const text = readFileSync(join(ROOT, lock), "utf8");
  return new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(text.replaceAll("\r\n", "\n"))?.[1];
}
