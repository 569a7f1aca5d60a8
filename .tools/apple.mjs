// `npm run build:apple`, on a Mac with Xcode: the Swift package with its library for iOS, its simulator and macOS as an
// XCFramework, in target/apple. `--url` says where an app will download the XCFramework from: Package.swift then names
// that and its checksum. `--dry-run` shows the commands alone, anywhere. Start reading with `main`, at the end.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { buildForApps, CRATE, MOBILE, writeBindings } from "./lib/mobile.mjs";
import { ask, main, ROOT, run, Stop, say, show, step } from "./lib/run.mjs";
import { APPLE, LEAST } from "./lib/targets.mjs";
import { setup } from "./setup.mjs";

const ARCHIVE = "libdelistening_sdk_mobile.a";
const OUT = "target/apple";
const FRAMEWORK = `${OUT}/package/Delistening.xcframework`;
const ZIP = `${OUT}/Delistening.xcframework.zip`;
const TARGETS = Object.values(APPLE).flat();
const LOCAL = 'path: "Delistening.xcframework"';

const { values } = parseArgs({ options: { "dry-run": { type: "boolean" }, url: { type: "string" } } });
const dry = values["dry-run"] ?? false;
const act = dry ? show : run;

async function tools() {
  if (dry) return;
  if (process.platform !== "darwin" || (await ask("xcodebuild", ["-version"])).code !== 0) {
    throw new Stop("An XCFramework is made on a Mac with Xcode. `--dry-run` shows the commands that would run there.");
  }
  await setup();
}

async function libraries() {
  await act("rustup", ["target", "add", ...TARGETS]);
  for (const target of TARGETS) {
    const args = ["rustc", "--locked", "--profile", "mobile", ...CRATE, "--lib", "--crate-type", "staticlib"];
    await act("cargo", [...args, "--target", target], { env: LEAST });
  }
  for (const [platform, targets] of Object.entries(APPLE)) {
    const built = targets.map((target) => `target/${target}/mobile/${ARCHIVE}`);
    if (!dry) mkdirSync(join(ROOT, OUT, platform), { recursive: true });
    // Of one processor alone, it copies.
    await act("lipo", ["-create", ...built, "-output", `${OUT}/${platform}/${ARCHIVE}`]);
    // An app needs neither names of its own inside nor what debuggers read.
    await act("strip", ["-S", "-x", `${OUT}/${platform}/${ARCHIVE}`]);
  }
}

/** The bindings of the library that is shipped: without what tests need. */
async function bindings() {
  await buildForApps(act);
  if (dry) return say(`target/debug/uniffi-bindgen generate --language swift --out-dir ${OUT}/bindings …`);
  return writeBindings("swift", MOBILE, `${OUT}/bindings`);
}

async function framework() {
  // In a folder of the module's name, where another framework's map cannot be in its place.
  copy(`${OUT}/bindings/DelisteningFFI.h`, `${OUT}/headers/DelisteningFFI/DelisteningFFI.h`);
  copy("sdk-mobile/swift/Sources/DelisteningFFI/module.modulemap", `${OUT}/headers/DelisteningFFI/module.modulemap`);
  if (!dry) rmSync(join(ROOT, FRAMEWORK), { recursive: true, force: true });
  const each = Object.keys(APPLE).map((name) => [
    "-library",
    `${OUT}/${name}/${ARCHIVE}`,
    "-headers",
    `${OUT}/headers`,
  ]);
  await act("xcodebuild", ["-create-xcframework", ...each.flat(), "-output", FRAMEWORK]);
  await act("ditto", ["-c", "-k", "--sequesterRsrc", "--keepParent", FRAMEWORK, ZIP]);
}

/** The package as an app takes it: by its folder, or with the framework from where `url` says. */
async function assemble(url) {
  const checksum = await act("swift", ["package", "compute-checksum", ZIP], { tee: true });
  if (dry) return;
  cpSync(join(ROOT, "sdk-mobile/swift/Sources/Delistening"), join(ROOT, OUT, "package/Sources/Delistening"), {
    recursive: true,
  });
  copy(`${OUT}/bindings/Delistening.swift`, `${OUT}/package/Sources/Delistening/Generated.swift`);
  const manifest = readFileSync(join(ROOT, "sdk-mobile/swift/Package.swift"), "utf8");
  writeFileSync(join(ROOT, OUT, "package/Package.swift"), url ? downloaded(manifest, url, checksum.trim()) : manifest);
  say(`${OUT}/package`);
}

/** The manifest with the framework from `url`. */
function downloaded(manifest, url, checksum) {
  if (!manifest.includes(LOCAL)) throw new Stop(`Package.swift has no \`${LOCAL}\` to replace.`);
  return manifest.replace(LOCAL, () => `url: "${url}", checksum: "${checksum}"`);
}

function copy(from, to) {
  if (dry) return say(`cp ${from} ${to}`);
  if (!existsSync(join(ROOT, from))) throw new Stop(`${from} is missing.`);
  mkdirSync(dirname(join(ROOT, to)), { recursive: true });
  cpSync(join(ROOT, from), join(ROOT, to));
}

await main(async () => {
  await tools();
  await step("Build the library for each platform", libraries);
  await step("Write the bindings", bindings);
  await step("Make the XCFramework", framework);
  await step("Put the package together", () => assemble(values.url));
});
