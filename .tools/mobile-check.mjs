// `npm run check:mobile`: checks that sdk-mobile compiles for Apple's platforms and Android, on any machine: its Rust and
// all Rust that it uses, for each target, up to where code would be generated. The C code that it uses (SQLite, ring's
// arithmetic) needs the platforms' own compilers and is left out: a compiler that compiles nothing stands in its place.
// Names of targets may be given. Start reading with `check`.

import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CRATE } from "./lib/mobile.mjs";
import { ask, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { ANDROID, APPLE, LEAST } from "./lib/targets.mjs";
import { setup } from "./setup.mjs";

const ALL = [...Object.values(APPLE).flat(), ...Object.values(ANDROID)];
const NO_C = join(ROOT, "target/tools/no-c");
/** Leaves an empty file where the output goes. */
const COMPILER = '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = -o ] && : > "$2"; shift; done\n';
// In a folder of their own: nothing of this is for linking.
const OUT = "target/check";

/** What stands in for the compilers, in the environment of cargo. */
function environment() {
  mkdirSync(join(NO_C, "bin"), { recursive: true });
  const script = (name, text) => writeFileSync(join(NO_C, name), text, { mode: 0o755 });
  script("cc", COMPILER);
  script("ar", "#!/bin/sh\n");
  // Asked where Apple's headers are.
  script("bin/xcrun", "#!/bin/sh\necho /\n");
  const each = ALL.map((target) => target.replaceAll("-", "_"));
  const tools = each.flatMap((target) => [
    [`CC_${target}`, join(NO_C, "cc")],
    [`AR_${target}`, join(NO_C, "ar")],
  ]);
  const PATH = `${join(NO_C, "bin")}${delimiter}${process.env.PATH}`;
  return { ...Object.fromEntries(tools), ...LEAST, SDKROOT: "/", PATH, CARGO_TARGET_DIR: OUT };
}

async function check(targets) {
  const strange = targets.filter((target) => !ALL.includes(target));
  if (strange.length > 0) throw new Stop(`No such target: ${strange.join(", ")}. There are ${ALL.join(", ")}.`);
  const env = environment();
  const missing = [];
  for (const target of targets) {
    await step(target, async () => {
      const { code } = await ask("rustup", ["target", "add", target], { seconds: 600 });
      if (code !== 0) return missing.push(target);
      const args = ["check", "--locked", ...CRATE, "--target", target];
      await run("cargo", args, { env, why: "It does not compile; what is wrong stands above." });
    });
  }
  if (missing.length > 0) say(`NOT checked, since rustup could not add them: ${missing.join(", ")}.`);
  if (missing.length === targets.length)
    throw new Stop("No target could be checked: rustup and its network are needed.");
}

await main(async () => {
  await setup();
  const targets = process.argv.slice(2);
  await check(targets.length > 0 ? targets : ALL);
});
