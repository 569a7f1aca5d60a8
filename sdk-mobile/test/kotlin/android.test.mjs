// What is Android's alone, on the JVM, with what Android's libraries declare; see declared/README.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ARGS = fileURLToPath(new URL("../../../target/kotlin/java.args", import.meta.url));
const PROGRAM = "com.delistening.sdk.android.test.ProgramKt";

/** Runs a command of the program; gives the lines that it says. */
async function kotlin(command) {
  const folder = await mkdtemp(join(tmpdir(), "delistening-android-"));
  try {
    const { stdout } = await promisify(execFile)("java", [`@${ARGS}`, PROGRAM, command, folder]);
    return stdout.trimEnd().split("\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("what a Media3 player does is told as plays of its items", async () => {
  const plays = await kotlin("player");
  assert.equal(plays.pop(), "fine");
  const [one, two, three, again, ...more] = plays.map((play) => play.split("|"));
  assert.deepEqual(one, [
    "one play.started media3",
    "one play.progress 1.0 false",
    "one play.paused 250",
    "one play.resumed 250",
    "one play.stalled 250",
    "one play.seeked 250 30000",
    "one play.progress 2.0 false",
    "one play.ended completed 60000",
  ]);
  assert.deepEqual(two, ["two play.started media3", "two play.progress 2.0 true", "two play.ended skipped 250"]);
  assert.deepEqual(three, [
    "three play.started media3",
    "three play.progress 2.0 true",
    "three play.failed ERROR_CODE_IO_NETWORK_CONNECTION_FAILED 250",
    "three play.resumed 250",
    "three play.ended completed 250",
  ]);
  const last = ["three play.started media3", "three play.progress 2.0 true", "three play.ended unloaded 250"];
  assert.deepEqual([again, more], [last, []]);
});

test("the device's key is kept encrypted to a key of the Keystore", async () => {
  assert.deepEqual(await kotlin("keystore"), ["fine"]);
});

test("the app's life, its network and its senses are told, and the system's work says what came of it", async () => {
  assert.deepEqual(await kotlin("app"), ["fine"]);
});
