// The library of sdk-mobile and the bindings that are written from it.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./run.mjs";

/** Where `npm test` has built the library. */
export const BUILT = "target/debug";
/** Where cargo puts what apps carry. */
export const MOBILE = "target/mobile";
const NAMES = { win32: ["delistening_sdk_mobile.dll", ".exe"], darwin: ["libdelistening_sdk_mobile.dylib", ""] };
export const [LIBRARY, PROGRAM] = NAMES[process.platform] ?? ["libdelistening_sdk_mobile.so", ""];

/** Writes the bindings in `language` of the library in `folder` to `out`. */
export async function writeBindings(language, folder, out) {
  rmSync(join(ROOT, out), { recursive: true, force: true });
  const options = ["--language", language, "--no-format", "--out-dir", out];
  const program = join(ROOT, BUILT, `uniffi-bindgen${PROGRAM}`);
  await run(program, ["generate", ...options, `${folder}/${LIBRARY}`], { quiet: true });
}
