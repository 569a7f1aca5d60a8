// What compiles and runs Kotlin on the JVM without Gradle: a Java runtime, JNA, and the compiler, whose npm package
// brings the standard library and coroutines with it.

import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { hashOf, unlessDone } from "../lib/inputs.mjs";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const LEAST_JAVA = 17;
const JAVA_OTHERWISE = `Java ${LEAST_JAVA} or newer is needed: install a JRE and run this again.`;
const JNA_OTHERWISE = "JNA is needed: install it, or name its jar in JNA_JAR, and run this again.";
const JNA_PLACES = ["/usr/share/java/jna.jar", "/usr/share/java/jna/jna.jar"];
const COMPILER = "target/tools/kotlin";

/** The jars of the compiler, and those that a program needs when it runs: `{ compiler, runtime }`. */
export async function ensureKotlin() {
  const java = await ensureJava();
  const jna = await ensureJna();
  const jars = await ensureCompiler();
  say(`Java ${java}, Kotlin and JNA`);
  const library = ["kotlin-stdlib.jar", "kotlinx-coroutines-core-jvm.jar", "kotlin-test.jar"];
  return { compiler: join(jars, "*"), runtime: [...library.map((name) => join(jars, name)), jna] };
}

async function ensureJava() {
  if ((await javaVersion()) === undefined) await aptInstall(["default-jre-headless"], JAVA_OTHERWISE);
  const version = await javaVersion();
  if (version === undefined || version < LEAST_JAVA) throw new Stop(JAVA_OTHERWISE);
  return version;
}

/** The first number of the version; undefined where there is no Java. */
async function javaVersion() {
  const { code, text } = await ask("java", ["-version"], { seconds: 60 });
  const version = /version "(\d+)/.exec(text)?.[1];
  return code === 0 && version ? Number(version) : undefined;
}

async function ensureJna() {
  const named = process.env.JNA_JAR;
  if (named) {
    if (existsSync(named)) return named;
    throw new Stop(`JNA_JAR names ${named}, which does not exist.`);
  }
  const search = () => JNA_PLACES.find((place) => existsSync(place));
  if (!search()) await aptInstall(["libjna-java"], JNA_OTHERWISE);
  const found = search();
  if (!found) throw new Stop(JNA_OTHERWISE);
  return found;
}

/** In target/, so that nobody who does not test downloads it. Gives the folder of its jars. */
async function ensureCompiler() {
  const jars = `${COMPILER}/node_modules/kotlin-compiler/lib`;
  await unlessDone("kotlin-compiler", hashOf([".tools/kotlin"]), [jars], async () => {
    say("installing the Kotlin compiler (once)");
    mkdirSync(join(ROOT, COMPILER), { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) {
      cpSync(join(ROOT, ".tools/kotlin", name), join(ROOT, COMPILER, name));
    }
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: join(ROOT, COMPILER),
      quiet: true,
      why: "`npm ci` failed; what it said stands above.",
    });
  });
  return join(ROOT, jars);
}
