// Writes the Kotlin bindings of sdk-mobile from its library, and compiles them with the layer written by hand, its
// examples, that of its README and the tests' program. `node .tools/kotlin.mjs` builds the library first; then
// `node --test sdk-mobile/test/kotlin/` runs the tests. Start reading with `buildKotlin`.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hashOf, unlessDone } from "./lib/inputs.mjs";
import { BUILT, CRATE, writeBindings } from "./lib/mobile.mjs";
import { isEntry, main, ROOT, run, Stop, say, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const OUT = "target/kotlin";
const PARTS = ["src", "examples", "test"].map((part) => `sdk-mobile/kotlin/${part}`);
/** The real Android, where there is one; see sdk-mobile/test/kotlin/declared/README.md. */
const { ANDROID_JAR } = process.env;

/** Compiles everything, with the jars from setup; the library and the program that writes bindings are built. */
export async function buildKotlin({ compiler, runtime }) {
  await writeBindings("kotlin", BUILT, `${OUT}/bindings`);
  writeExamples();
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

/** The examples of the README and the guide, so that what they show is known to compile. */
function writeExamples() {
  rmSync(join(ROOT, OUT, "example"), { recursive: true, force: true });
  mkdirSync(join(ROOT, OUT, "example"), { recursive: true });
  for (const page of ["sdk-mobile/README.md", "docs/guides/mobile.md"]) {
    const name = page.replaceAll(/[^a-z]/gi, "");
    const blocks = [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```kotlin\n([\s\S]*?)^```/gm)];
    if (blocks.length === 0) throw new Stop(`${page} has no example in Kotlin.`);
    for (const [index, [, block]] of blocks.entries()) {
      writeFileSync(join(ROOT, OUT, "example", `${name}${index}.kt`), example(`${name}${index}`, block.split("\n")));
    }
  }
}

/** A block as a file: statements as a function, to which an app's own things are given. */
function example(name, lines) {
  const imports = lines.filter((line) => line.startsWith("import "));
  const body = lines.filter((line) => line !== "" && !line.startsWith("import "));
  const declares = body.some((line) => /^(class|fun|@)/.test(line));
  const given = "context: Context, folder: String, player: Player";
  const text = declares ? body : [`suspend fun example(${given}) {`, ...body.map((line) => `    ${line}`), "}"];
  const goesOn = !declares && !body.some((line) => line.startsWith("val telemetry"));
  return [
    '@file:Suppress("UNUSED", "UNUSED_PARAMETER", "UNUSED_VARIABLE", "UnusedVariable")',
    `package com.delistening.example.${name.toLowerCase()}`,
    ...imports,
    "import android.content.Context",
    "import androidx.media3.common.Player",
    ...text,
    "private suspend fun tokenFor(device: String): String = device",
    ...(goesOn ? ["private lateinit var adapter: ExoPlayerAdapter", "private lateinit var telemetry: Telemetry"] : []),
    "",
  ].join("\n");
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    const { kotlin } = await setup({ kotlin: true });
    await step("Build the library", () => run("cargo", ["build", "--locked", ...CRATE, "--all-features"]));
    await step("Build the Kotlin bindings", () => buildKotlin(kotlin));
  });
}
