// The Kotlin program of kotlin/test, in processes of its own, against the real server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "../../../.tools/lib/mobile.mjs";
import { Ingest } from "../../../tests/support/ingest.mjs";
import { monthOffline } from "../month.mjs";

const VECTORS = new URL("../../../schema/vectors/", import.meta.url);
const ARGS = fileURLToPath(new URL("../../../target/kotlin/java.args", import.meta.url));
let home;

before(async () => {
  assert.ok(existsSync(ARGS), "build the program first: node .tools/kotlin.mjs");
  home = await mkdtemp(join(tmpdir(), "delistening-kotlin-"));
});

after(() => rm(home, { recursive: true }));

/** Runs a command of the tests' program; gives the lines that it says. */
async function kotlin(command, args = [], { input, options } = {}) {
  const { code, stdout, stderr } = await java("com.delistening.sdk.test.ProgramKt", [command, ...args], input, options);
  assert.equal(code, 0, `${command} ended with code ${code}: ${stdout}${stderr}`);
  return stdout.trimEnd().split("\n");
}

/** Runs a program; gives how it ended and what it said. */
async function java(program, args, input = "", options = []) {
  const java = spawn("java", [`@${ARGS}`, ...options, program, ...args]);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    java[stream].setEncoding("utf8").on("data", (text) => {
      said[stream] += text;
    });
  }
  java.stdin.end(input);
  const code = await new Promise((resolve, reject) => java.on("error", reject).on("close", resolve));
  return { code, ...said };
}

test("the golden vectors hold in Kotlin, byte for byte", async () => {
  const files = await readdir(VECTORS);
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, VECTORS), "utf8")));
  const vectors = texts.flatMap((text) => JSON.parse(text));
  assert.ok(vectors.length > 50, `only ${vectors.length} vectors were found`);
  assert.ok(vectors.every(({ operation, input }) => !`${operation}${input}`.includes("\n")));
  const asked = vectors.map(({ operation, input }) => `${operation}\n${input}\n`);
  const outputs = await kotlin("vectors", [], { input: asked.join("") });
  for (const [index, { operation, name, output }] of vectors.entries()) {
    assert.equal(outputs[index], output, `${operation}: ${name}`);
  }
  assert.equal(outputs.length, vectors.length);
});

test("plays of a process that died offline are sent by the next one, and count once", async () => {
  const ingest = await Ingest.start();
  try {
    const folder = join(home, "offline");
    await ingest.kill();
    const offline = await kotlin("offline", [folder, ingest.origin]);
    const recorded = offline.filter((line) => line.startsWith("Event("));
    assert.equal(recorded.length, 6);
    assert.ok(offline.some((line) => line.startsWith("Error(code=bad-token,") && line.includes("action=REFRESH")));
    assert.equal(offline.at(-1), "Pending(status=Status(events=6, batches=0, acked=0))");
    assert.equal((await stat(join(folder, "device.key"))).mode & 0o777, 0o600);

    await ingest.run();
    const sync = await kotlin("sync", [folder, ingest.origin]);
    const [ended, batch, ack, receipt] = ["Event(", "Batch(", "Ack(", "Receipt("].map((kind) => {
      const lines = sync.filter((line) => line.startsWith(kind));
      assert.equal(lines.length, 1, `${kind} in ${sync.join("\n")}`);
      return lines[0];
    });
    assert.match(ended, /"track":"track-2","type":"play.ended","reason":"crashed","position_ms":100/);
    assert.match(batch, /^Batch\(seq=1, bytes=\d+, events=7\)$/);
    assert.equal(ack, "Ack(seq=1, status=ACCEPTED)");
    assert.match(receipt, /^Receipt\(seq=1, index=1, size=2, origin=localhost\/delistening-dev, /);
    assert.deepEqual(sync.slice(-3), ["Complete", "Status(events=0, batches=0, acked=1)", "Complete"]);
    assert.ok(!sync.some((line) => /^(Error|Dropped)\(/.test(line)));

    const { tracks } = await ingest.counts((total) => total.valid === 1);
    assert.equal(tracks["Fjörð 🎵"].valid, 1);
    const counted = await ingest.get("/v1/plays");
    assert.deepEqual([counted.valid, counted.short, counted.listeners], [1, 1, 1]);

    // A third process is the same device, and has nothing to say.
    const again = await kotlin("sync", [folder, ingest.origin]);
    const device = sync.find((line) => line.startsWith("Device "));
    assert.deepEqual(again, [device, "Complete", "Status(events=0, batches=0, acked=0)", "Complete"]);
    assert.equal((await ingest.checkpoint()).size, 2, "the rule and one batch");
    assert.deepEqual(await ingest.get("/v1/plays"), counted);
  } finally {
    await ingest.stop();
  }
});

test("a month offline, with a process that dies every ten days, is sent and counts once", async () => {
  await monthOffline(join(home, "month"), async (...args) => {
    const { code, stdout, stderr } = await java("com.delistening.example.month.OfflineMonthKt", args);
    return { code, said: stdout + stderr };
  });
});

test("a log that was begun anew stops telemetry, and the evidence convinces a third", async () => {
  const ingest = await Ingest.start();
  try {
    const folder = join(home, "alarm");
    assert.deepEqual((await kotlin("alarm", [folder, ingest.origin])).slice(-2), ["Complete", "no evidence"]);
    await ingest.beginAnew();
    const told = await kotlin("alarm", [folder, ingest.origin]);
    assert.ok(told.some((line) => line.startsWith("Error(code=log-inconsistent,") && line.includes("action=STOP")));
    assert.equal(told.at(-2), "Stopped");
    const { code, said } = await ingest.evidence(told.at(-1));
    assert.equal(code, 0, said);
    assert.match(said, /there are two logs of one size/);
  } finally {
    await ingest.stop();
  }
});

test("what threads and coroutines tell at once is all kept", async () => {
  assert.deepEqual(await kotlin("concurrency", [join(home, "concurrency")]), ["fine"]);
});

test("a panic is an exception, and on telemetry's own thread it ends telemetry alone", async () => {
  assert.deepEqual(await kotlin("panics", [join(home, "panics")]), ["fine"]);
});

test("what is given up after the time that the app allows is told", async () => {
  assert.deepEqual(await kotlin("drops", [join(home, "drops")]), ["fine"]);
});

test("a hundred thousand sessions leave nothing behind", async () => {
  const options = ["-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch"];
  const [measured, fine] = await kotlin("lifetimes", [join(home, "lifetimes")], { options });
  console.log(measured);
  assert.equal(fine, "fine");
});

test("the version through the binding is the workspace's", async () => {
  assert.deepEqual(await kotlin("version"), [version()]);
});

test("telemetry that cannot be opened throws what is wrong as a type", async () => {
  const parent = join(home, "refusals");
  await mkdir(parent);
  assert.deepEqual(await kotlin("refusals", [parent]), ["fine"]);
});

test("callbacks that fail, and calls that nobody waits for, harm nothing", async () => {
  assert.deepEqual(await kotlin("failures", [join(home, "failures")]), ["fine"]);
});

test("what plays tell of the device is told by consent alone, in flows; the app may keep the key", async () => {
  assert.deepEqual(await kotlin("senses", [join(home, "senses")]), ["fine"]);
});
