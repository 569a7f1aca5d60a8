// `npm run build:jar`: the library for the JVM as one jar, with the native library of this machine, and what a repository of
// artifacts wants to know of it, in target/jvm. JNA finds the library in the jar. Start reading with `buildJar`.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { compileKotlin } from "./kotlin.mjs";
import { filesUnder } from "./lib/inputs.mjs";
import { buildForApps, LIBRARY, MOBILE, strip, version, writeBindings } from "./lib/mobile.mjs";
import { isEntry, main, ROOT, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const OUT = "target/jvm";
/** JNA's names of systems and processors. */
const PROCESSORS = { x64: "x86-64", arm64: "aarch64" };
export const NATIVE = `${process.platform}-${PROCESSORS[process.arch] ?? process.arch}/${LIBRARY}`;
/** The least that it is compiled and tested with. */
const NEEDS = {
  "org.jetbrains.kotlin:kotlin-stdlib": "2.4.20",
  "org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm": "1.8.0",
  "net.java.dev.jna:jna": "5.13.0",
};

/** Makes the jar of the library in `folder` (see lib/mobile.mjs) in `out`; gives its path. */
export async function buildJar({ compiler, runtime }, folder, out) {
  const [bindings, classes] = [`${out}/bindings`, `${out}/classes`];
  await writeBindings("kotlin", folder, bindings);
  await compileKotlin(compiler, runtime.join(delimiter), [bindings, "sdk-mobile/kotlin/src"], classes);
  const native = join(ROOT, out, LIBRARY);
  await strip(folder, native);
  const entries = filesUnder(join(ROOT, classes)).map((path) => [relative(join(ROOT, classes), path), path]);
  // The same files make the same jar, byte for byte.
  entries.push([NATIVE, native], ["META-INF/LICENSE", join(ROOT, "LICENSE-APACHE")]);
  const files = Object.fromEntries(entries.sort().map(([name, path]) => [name, readFileSync(path)]));
  const jar = `${out}/delistening-sdk-${version()}.jar`;
  // Only here, since it is what setup installs.
  const { zipSync } = await import("fflate");
  writeFileSync(join(ROOT, jar), zipSync(files, { mtime: "1980-01-01T00:00:00" }));
  writeFileSync(join(ROOT, jar.replace(/jar$/, "pom")), pom());
  say(jar);
  return jar;
}

function pom() {
  const needs = Object.entries(NEEDS).map(([name, least]) => {
    const [group, artifact] = name.split(":");
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${least}</version></dependency>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    "  <modelVersion>4.0.0</modelVersion>",
    "  <groupId>com.delistening</groupId>",
    "  <artifactId>delistening-sdk</artifactId>",
    `  <version>${version()}</version>`,
    "  <dependencies>",
    ...needs,
    "  </dependencies>",
    "</project>",
    "",
  ].join("\n");
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { kotlin } = await setup({ kotlin: true });
    rmSync(join(ROOT, OUT), { recursive: true, force: true });
    mkdirSync(join(ROOT, OUT), { recursive: true });
    await step("Build the library", () => buildForApps());
    await step("Make the jar", () => buildJar(kotlin, MOBILE, OUT));
  });
}
