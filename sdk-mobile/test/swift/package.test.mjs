// The script that makes the package for Apple's platforms, as far as it runs anywhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../../.tools/apple.mjs", import.meta.url));
const MANIFEST = readFileSync(new URL("../../swift/Package.swift", import.meta.url), "utf8");

const script = (...args) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8" });
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found);

test("each library of the XCFramework is made of what was built, for what the package supports", () => {
  const { status, stdout } = script("--dry-run");
  assert.equal(status, 0);
  const built = all(stdout, /cargo rustc .* --target (\S+)$/gm);
  assert.deepEqual(all(stdout, /rustup target add (.*)/g), [built.join(" ")]);
  const joined = all(stdout, /lipo -create (.*) -output/g).flatMap((files) => all(files, /target\/([^/]+)\/mobile\//g));
  assert.deepEqual(joined, built);
  assert.deepEqual(all(stdout, /-library (\S+)/g), all(stdout, /lipo .* -output (\S+)/g));
  for (const [name, variable] of [
    ["iOS", "IPHONEOS"],
    ["macOS", "MACOSX"],
  ]) {
    const [least] = all(MANIFEST, new RegExp(`\\.${name}\\(\\.v(\\d+)\\)`, "g"));
    assert.ok(stdout.includes(`${variable}_DEPLOYMENT_TARGET=${least}.0 `), name);
  }
});

test("elsewhere than on a Mac it says what is needed", () => {
  if (process.platform === "darwin") return;
  const { status, stdout, stderr } = script();
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /An XCFramework is made on a Mac with Xcode\./);
});
