// `npm run bench:mobile`: what a signal (a position, the most frequent) costs an app through each binding, from the call
// until telemetry has taken it up; the library as an app carries it. The programs are in sdk-mobile/bench and do the same
// in each language; each gives the best of its rounds, and they take turns. A table for people and, as the last line, one
// line of JSON.

import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { compileKotlin } from "../kotlin.mjs";
import { LIBRARY, MOBILE, writeBindings } from "../lib/mobile.mjs";
import { ROOT, run } from "../lib/run.mjs";

const TURNS = 3;
const OUT = "target/bench-mobile";
const SOURCES = "sdk-mobile/bench";
const AIMS = { kotlin: 10, swift: 5 };

/** Compiles the programs: `{ rust, kotlin, swift }`, each the words that run it. `swift` are setup's words, if any. */
export async function buildPrograms(kotlin, swift) {
  const programs = { rust: [join(ROOT, MOBILE, "examples/signals")], kotlin: await buildKotlin(kotlin) };
  if (swift) programs.swift = await buildSwift(swift);
  return programs;
}

async function buildKotlin({ compiler, runtime }) {
  await writeBindings("kotlin", MOBILE, `${OUT}/kotlin`);
  const classes = `${OUT}/classes`;
  const sources = [`${OUT}/kotlin`, "sdk-mobile/kotlin/src", `${SOURCES}/Signals.kt`];
  await compileKotlin(compiler, runtime.join(delimiter), sources, classes);
  const path = [join(ROOT, classes), ...runtime].join(delimiter);
  return ["java", "-cp", path, `-Djna.library.path=${join(ROOT, MOBILE)}`, "com.delistening.bench.SignalsKt"];
}

async function buildSwift(enter) {
  const bindings = `${OUT}/swift`;
  await writeBindings("swift", MOBILE, bindings);
  // Under the name by which Swift looks for it.
  cpSync(
    join(ROOT, "sdk-mobile/swift/Sources/DelisteningFFI/module.modulemap"),
    join(ROOT, bindings, "module.modulemap"),
  );
  const written = join(ROOT, "sdk-mobile/swift/Sources/Delistening");
  const files = readdirSync(written).filter((name) => name.endsWith(".swift"));
  const sources = [...files.map((name) => join(written, name)), join(ROOT, bindings, "Delistening.swift")];
  const program = join(ROOT, OUT, "signals-swift");
  const library = join(ROOT, MOBILE);
  const module = ["-module-name", "Signals", "-parse-as-library", "-I", join(ROOT, bindings)];
  const link = ["-L", library, "-ldelistening_sdk_mobile", "-Xlinker", "-rpath", "-Xlinker", library];
  const [command, ...args] = [...enter, "swiftc", "-O", "-swift-version", "5", ...module, ...link];
  const why = "The program in Swift could not be compiled; what is wrong stands above.";
  await run(command, [...args, ...sources, join(ROOT, SOURCES, "Signals.swift"), "-o", program], { quiet: true, why });
  return [...enter, program];
}

export async function benchMobile(programs) {
  const best = {};
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [language, [command, ...args]] of Object.entries(programs)) {
      const folder = mkdtempSync(join(ROOT, OUT, "folder-"));
      const said = await run(command, [...args, folder], { quiet: true, why: `The program in ${language} failed.` });
      rmSync(folder, { recursive: true });
      best[language] = Math.min(best[language] ?? Number.POSITIVE_INFINITY, Number(/^\d\S*$/m.exec(said)?.[0]));
    }
  }
  console.log(`\nMicroseconds per signal, until telemetry has taken it up (${LIBRARY} as apps carry it)\n`);
  for (const [language, us] of Object.entries(best)) {
    const aim = AIMS[language] ? `   aim: at most ${AIMS[language]}` : "";
    console.log(`  ${language.padEnd(8)}${us.toFixed(2).padStart(8)}${aim}`);
  }
  const figure = (language) => (best[language] === undefined ? null : Math.round(best[language] * 100) / 100);
  console.log(
    `\n${JSON.stringify({ kotlin_us: figure("kotlin"), swift_us: figure("swift"), rust_us: figure("rust") })}`,
  );
}
