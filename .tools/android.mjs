// `npm run build:android`: the library for each of Android's ABIs, its bindings, and the AAR, in target/android and
// sdk-mobile/kotlin/android/build. Needs the Android SDK and NDK, cargo-ndk and Gradle. `--dry-run` shows the commands
// alone, anywhere. Start reading with `main`, at the end.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildForApps, CRATE, MOBILE, writeBindings } from "./lib/mobile.mjs";
import { ask, main, ROOT, run, Stop, say, show, step } from "./lib/run.mjs";
import { ANDROID } from "./lib/targets.mjs";
import { setup } from "./setup.mjs";

const OUT = "target/android";
/** The least API level, as in build.gradle.kts. */
const LEAST = "26";

const { values } = parseArgs({ options: { "dry-run": { type: "boolean" } } });
const dry = values["dry-run"] ?? false;
const act = dry ? show : run;

async function tools() {
  if (dry) return;
  const otherwise = "`--dry-run` shows the commands that would run.";
  if (!process.env.ANDROID_NDK_HOME) {
    throw new Stop(`The Android NDK is needed: install it and name its folder in ANDROID_NDK_HOME. ${otherwise}`);
  }
  for (const [command, args, how] of [
    ["cargo", ["ndk", "--version"], "cargo-ndk is needed: `cargo install cargo-ndk`."],
    ["gradle", ["--version"], "Gradle is needed, 8.13 or newer."],
  ]) {
    if ((await ask(command, args, { seconds: 60 })).code !== 0) throw new Stop(`${how} ${otherwise}`);
  }
  await setup();
}

async function libraries() {
  await act("rustup", ["target", "add", ...Object.values(ANDROID)]);
  const targets = Object.keys(ANDROID).flatMap((abi) => ["-t", abi]);
  if (!dry) mkdirSync(join(ROOT, OUT), { recursive: true });
  const out = ["--platform", LEAST, "-o", `${OUT}/jniLibs`];
  await act("cargo", ["ndk", ...targets, ...out, "build", "--locked", "--profile", "mobile", ...CRATE, "--lib"]);
}

/** The bindings of the library that is shipped: without what tests need. */
async function bindings() {
  await buildForApps(act);
  if (dry) return say(`target/debug/uniffi-bindgen generate --language kotlin --out-dir ${OUT}/bindings …`);
  return writeBindings("kotlin", MOBILE, `${OUT}/bindings`);
}

await main(async () => {
  await tools();
  await step("Build the library for each ABI", libraries);
  await step("Write the bindings", bindings);
  // Gradle strips the libraries.
  await step("Make the AAR", () => act("gradle", ["-p", "sdk-mobile/kotlin", ":android:assembleRelease"]));
});
