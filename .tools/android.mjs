// `npm run build:android`: the library for each of Android's ABIs, its bindings, and the AAR, in target/android and
// sdk-mobile/kotlin/android/build. Needs the Android SDK and NDK, cargo-ndk and Gradle. `--dry-run` shows the commands
// alone, anywhere. Start reading with `main`, at the end.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeBindings } from "./lib/mobile.mjs";
import { ask, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const CRATE = ["-p", "delistening-sdk-mobile"];
const OUT = "target/android";
/** Android's names of its ABIs, and Rust's. */
const ABIS = {
  "arm64-v8a": "aarch64-linux-android",
  "armeabi-v7a": "armv7-linux-androideabi",
  x86_64: "x86_64-linux-android",
};
/** The least API level, as in build.gradle.kts. */
const LEAST = "26";

const { values } = parseArgs({ options: { "dry-run": { type: "boolean" } } });
const dry = values["dry-run"] ?? false;

/** Runs a command, or shows it. */
async function act(command, args) {
  if (!dry) return run(command, args);
  say([command, ...args].join(" "));
}

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
  await act("rustup", ["target", "add", ...Object.values(ABIS)]);
  const targets = Object.keys(ABIS).flatMap((abi) => ["-t", abi]);
  if (!dry) mkdirSync(join(ROOT, OUT), { recursive: true });
  const out = ["--platform", LEAST, "-o", `${OUT}/jniLibs`];
  await act("cargo", ["ndk", ...targets, ...out, "build", "--locked", "--profile", "mobile", ...CRATE, "--lib"]);
}

/** The bindings of the library that is shipped: without what tests need. */
async function bindings() {
  await act("cargo", ["build", "--locked", ...CRATE, "--features", "bindgen", "--bin", "uniffi-bindgen"]);
  await act("cargo", ["build", "--locked", "--profile", "mobile", ...CRATE, "--lib"]);
  if (dry) return say(`target/debug/uniffi-bindgen generate --language kotlin --out-dir ${OUT}/bindings …`);
  return writeBindings("kotlin", "target/mobile", `${OUT}/bindings`);
}

await main(async () => {
  await tools();
  await step("Build the library for each ABI", libraries);
  await step("Write the bindings", bindings);
  // Gradle strips the libraries.
  await step("Make the AAR", () => act("gradle", ["-p", "sdk-mobile/kotlin", ":android:assembleRelease"]));
});
