// Puts the Swift package of sdk-mobile together, with what UniFFI writes of the library, and compiles it with its tests
// and its example, as `npm test` does. `npm run test:swift` also builds the library and the server, and runs the tests.
// Start reading with `buildSwift`.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { filesUnder } from "./lib/inputs.mjs";
import { BUILT, writeBindings } from "./lib/mobile.mjs";
import { isEntry, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const SOURCES = "sdk-mobile/swift";
const OUT = "target/swift";
const PACKAGE = `${OUT}/package`;

/** Compiles everything; `enter` are setup's words. Leaves in target/swift/run.json how to run what is compiled. */
export async function buildSwift(enter) {
  await assemble();
  const library = join(ROOT, BUILT);
  const link = ["-Xlinker", `-L${library}`, "-Xlinker", "-rpath", "-Xlinker", library];
  const build = ["--package-path", join(ROOT, PACKAGE), "--scratch-path", join(ROOT, OUT, "build"), ...link];
  const env = { DELISTENING_SIMULATION: "1" };
  const [command, ...args] = [...enter, "swift", "build", "--build-tests", ...build];
  await run(command, args, {
    env,
    quiet: true,
    why: "The Swift package could not be compiled; what is wrong stands above.",
  });
  const programs = join(ROOT, OUT, "build/debug");
  writeFileSync(join(ROOT, OUT, "run.json"), JSON.stringify({ enter, env, programs, build }));
  say(PACKAGE);
}

/** The package as an app gets it. What is as it was keeps its time, and is not compiled again. */
async function assemble() {
  await writeBindings("swift", BUILT, `${OUT}/bindings`);
  const [sources, target] = [join(ROOT, SOURCES), join(ROOT, PACKAGE)];
  const files = new Map(filesUnder(sources).map((file) => [relative(sources, file), readFileSync(file)]));
  const written = (name) => readFileSync(join(ROOT, OUT, "bindings", name));
  files.set("Sources/Delistening/Generated.swift", written("Delistening.swift"));
  files.set("Sources/DelisteningFFI/DelisteningFFI.h", written("DelisteningFFI.h"));
  files.set("Tests/DelisteningTests/Documented.swift", Buffer.from(documented()));
  for (const file of filesUnder(target)) if (!files.has(relative(target, file))) rmSync(file);
  for (const [name, content] of files) {
    const path = join(target, name);
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** The README's example as a function, so that what it shows is known to compile. */
function documented() {
  const example = /```swift\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "sdk-mobile/README.md"), "utf8"))?.[1];
  if (!example) throw new Stop("sdk-mobile/README.md has no example in Swift.");
  const lines = example.trimEnd().split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const body = lines.filter((line) => line !== "" && !line.startsWith("import ")).map((line) => `    ${line}`);
  const head =
    "func example(folder: String, tokenFor: @escaping @Sendable (String) async throws -> String) async throws {";
  return [...imports, head, ...body, "}", ""].join("\n");
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { swift } = await setup({ swift: true });
    if (swift.missing) throw swift.missing;
    await step("Build the library and the server", () =>
      // As `npm test` builds them, so that neither builds what the other has built.
      run("cargo", ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins"]),
    );
    await step("Build the Swift package", async () => buildSwift(await swift.words));
    await step("Tests of sdk-mobile in Swift", () =>
      run(process.execPath, ["--test", "--test-reporter=spec", "sdk-mobile/test/swift/"]),
    );
  });
}
