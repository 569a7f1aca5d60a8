// The library of sdk-mobile: how it is built for apps, and the bindings that are written from it.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder } from "./inputs.mjs";
import { ROOT, run, Stop } from "./run.mjs";

export const CRATE = ["-p", "delistening-sdk-mobile"];
/** Where `npm test` has built the library. */
export const BUILT = "target/debug";
/** Where cargo puts what apps carry. */
export const MOBILE = "target/mobile";
const NAMES = { win32: ["delistening_sdk_mobile.dll", ".exe"], darwin: ["libdelistening_sdk_mobile.dylib", ""] };
export const [LIBRARY, PROGRAM] = NAMES[process.platform] ?? ["libdelistening_sdk_mobile.so", ""];

/** Its version, which is that of all. */
export function version() {
  return /^version = "(.+)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))[1];
}

/** Builds the library as an app carries it, in MOBILE, and the program that writes bindings. `act`: `run`, or `show`. */
export async function buildForApps(act = run) {
  // With all features, as the tests have built it, so that what they run stays what it is.
  await act("cargo", ["build", "--locked", ...CRATE, "--all-features", "--lib", "--bins"]);
  await act("cargo", ["build", "--locked", ...CRATE, "--profile", "mobile", "--lib"]);
}

/** Leaves out of the library in `folder` what only debuggers and the writing of bindings read; writes the rest to `out`. */
export async function strip(folder, out) {
  const options = process.platform === "darwin" ? ["-x"] : ["--strip-unneeded"];
  await run("strip", [...options, "-o", out, join(ROOT, folder, LIBRARY)], { quiet: true });
}

/** Writes the bindings in `language` of the library in `folder` to `out`. */
export async function writeBindings(language, folder, out) {
  rmSync(join(ROOT, out), { recursive: true, force: true });
  const options = ["--language", language, "--no-format", "--out-dir", out];
  const program = join(ROOT, BUILT, `uniffi-bindgen${PROGRAM}`);
  await run(program, ["generate", ...options, `${folder}/${LIBRARY}`], { quiet: true });
  if (language === "kotlin") for (const file of filesUnder(join(ROOT, out))) spareStatus(file);
}

/** Has calls take the memory for how they went from where it is kept: see sdk-mobile/kotlin/src/SpareStatus.kt. */
function spareStatus(file) {
  const written = readFileSync(file, "utf8");
  const spared = written.replace(
    /var status = UniffiRustCallStatus\(\)(\s+val return_value = .*)(\s+)(uniffiCheckCallStatus\(.*\))(\s+return return_value)/,
    "val status = SpareStatus.take()$1$2$3$2SpareStatus.giveBack(status)$4",
  );
  if (spared === written) throw new Stop("UniFFI writes calls otherwise than .tools/lib/mobile.mjs knows.");
  writeFileSync(file, spared);
}
