// Writes the Kotlin bindings of sdk-mobile from its library, and compiles them with the layer written by hand, its
// examples, that of its README and the tests' program. `node .tools/kotlin.mjs` builds the library first; then
// `node --test sdk-mobile/test/kotlin/` runs the tests. Start reading with `buildKotlin`.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hashOf, unlessDone } from "./lib/inputs.mjs";
import { BUILT, writeBindings } from "./lib/mobile.mjs";
import { isEntry, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const OUT = "target/kotlin";
const PARTS = ["src", "examples", "test"].map((part) => `sdk-mobile/kotlin/${part}`);
/** The real Android, where there is one; see sdk-mobile/test/kotlin/declared/README.md. */
const { ANDROID_JAR } = process.env;

/** Compiles everything, with the jars from setup; the library and the program that writes bindings are built. */
export async function buildKotlin({ compiler, runtime }) {
  await writeBindings("kotlin", BUILT, `${OUT}/bindings`);
  writeExample();
  const sources = [`${OUT}/bindings`, `${OUT}/example`, ...PARTS, ...android()];
  const libraries = [...runtime, ...(ANDROID_JAR ? [ANDROID_JAR] : [])].join(delimiter);
  const classes = `${OUT}/classes`;
  await unlessDone("kotlin", hashOf(sources, compiler + libraries), [classes], () =>
    compileKotlin(compiler, libraries, sources, classes),
  );
  // Java reads these as if they had been typed: `java @target/kotlin/java.args ...`.
  const quoted = (text) => `"${text.replaceAll("\\", "\\\\")}"`;
  const args = [
    `-cp ${quoted([join(ROOT, classes), ...runtime].join(delimiter))}`,
    quoted(`-Djna.library.path=${join(ROOT, BUILT)}`),
  ];
  writeFileSync(join(ROOT, OUT, "java.args"), `${args.join("\n")}\n`);
  say(classes);
}

/** Compiles `sources` with what `libraries` names, into `classes`. */
export async function compileKotlin(compiler, libraries, sources, classes) {
  rmSync(join(ROOT, classes), { recursive: true, force: true });
  const options = ["-no-stdlib", "-no-reflect", "-Werror", "-cp", libraries, "-d", classes];
  // The compiler runs for seconds: half the time goes if Java optimises less.
  const java = ["-XX:TieredStopAtLevel=1", "-cp", compiler, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"];
  await run("java", [...java, ...options, ...sources], {
    quiet: true,
    why: "The Kotlin sources could not be compiled; what is wrong stands above.",
  });
}

/** What is Android's alone. Its tests run on what is declared: the real Android has no code to run here. */
function android() {
  const [main, test] = ["main", "test"].map((part) => `sdk-mobile/kotlin/android/src/${part}/kotlin`);
  const declared = "sdk-mobile/test/kotlin/declared";
  return ANDROID_JAR ? [main, `${declared}/androidx`] : [main, test, declared];
}

/** The README's example as a function, so that what it shows is known to compile. */
function writeExample() {
  const readme = readFileSync(join(ROOT, "sdk-mobile/README.md"), "utf8");
  const example = /```kotlin\n([\s\S]*?)```/.exec(readme)?.[1];
  if (!example) throw new Stop("sdk-mobile/README.md has no example in Kotlin.");
  const lines = example.trimEnd().split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const body = lines.filter((line) => line !== "" && !line.startsWith("import ")).map((line) => `    ${line}`);
  const text = [
    "package com.delistening.example",
    ...imports,
    "suspend fun example(folder: String, tokenFor: suspend (String) -> String) {",
    ...body,
    "}",
  ];
  mkdirSync(join(ROOT, OUT, "example"), { recursive: true });
  writeFileSync(join(ROOT, OUT, "example/Example.kt"), `${text.join("\n")}\n`);
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { kotlin } = await setup({ kotlin: true });
    await step("Build the library", () => run("cargo", ["build", "-p", "delistening-sdk-mobile", "--all-features"]));
    await step("Build the Kotlin bindings", () => buildKotlin(kotlin));
  });
}
