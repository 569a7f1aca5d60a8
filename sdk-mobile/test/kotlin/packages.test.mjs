// What an app takes: the jar for the JVM, and what the AAR is made of, as far as that can be seen without Android's tools.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildJar } from "../../../.tools/jar.mjs";
import { BUILT, version } from "../../../.tools/lib/mobile.mjs";
import { ensureKotlin } from "../../../.tools/setup/kotlin.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const OUT = "target/kotlin/jar";
const GRADLE = readFileSync(join(ROOT, "sdk-mobile/kotlin/android/build.gradle.kts"), "utf8");
const android = (...args) =>
  spawnSync(process.execPath, [join(ROOT, ".tools/android.mjs"), ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });

test("a program that has only the jar, JNA and coroutines runs", async () => {
  await rm(join(ROOT, OUT), { recursive: true, force: true });
  const kotlin = await ensureKotlin();
  const jar = join(ROOT, await buildJar(kotlin, BUILT, OUT));
  // The tests' program, without the SDK that it was compiled with.
  const program = "com/delistening/sdk/test";
  cpSync(join(ROOT, "target/kotlin/classes", program), join(ROOT, OUT, "program", program), { recursive: true });
  const classes = [jar, join(ROOT, OUT, "program"), ...kotlin.runtime].join(delimiter);
  const run = async (...args) => {
    const options = ["-cp", classes, "com.delistening.sdk.test.ProgramKt", ...args];
    return (await promisify(execFile)("java", options, { cwd: join(ROOT, OUT) })).stdout.trim();
  };
  assert.equal(await run("version"), version());
  assert.equal(await run("failures", join(ROOT, OUT, "failures")), "fine");
  assert.match(readFileSync(jar.replace(/jar$/, "pom"), "utf8"), new RegExp(`<version>${version()}</version>`));
});

test("the AAR's library is built for what Gradle says, under the crate's version", () => {
  const { status, stdout } = android("--dry-run");
  assert.equal(status, 0);
  const [least] = /minSdk = (\d+)/.exec(GRADLE).slice(1);
  assert.match(stdout, new RegExp(`cargo ndk .* --platform ${least} -o target/android/jniLibs `));
  const [pattern] = /Regex\("""(.+?)"""\)/.exec(GRADLE).slice(1);
  const cargo = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
  assert.equal(new RegExp(pattern.replace("(?m)", ""), "m").exec(cargo)[1], version());
  for (const folder of ["bindings", "jniLibs"]) {
    assert.ok(stdout.includes(`target/android/${folder}`) && GRADLE.includes(`made.resolve("${folder}")`), folder);
  }
});

test("without the NDK it says what is needed", () => {
  const { status, stderr } = android();
  assert.equal(status, 1);
  assert.match(stderr, /The Android NDK is needed: install it and name its folder in ANDROID_NDK_HOME\./);
});
