// The Kotlin program of kotlin/test, in processes of its own, against the real server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ingest } from "../../../tests/support/ingest.mjs";

const VECTORS = new URL("../../../schema/vectors/", import.meta.url);
const ARGS = fileURLToPath(new URL("../../../target/kotlin/java.args", import.meta.url));
let home;

before(async () => {
  assert.ok(existsSync(ARGS), "build the program first: node .tools/kotlin.mjs");
  home = await mkdtemp(join(tmpdir(), "delistening-kotlin-"));
});

after(() => rm(home, { recursive: true }));

/** Runs a command of the program; gives the lines that it says. */
async function kotlin(command, args = [], input = "") {
  const java = spawn("java", [`@${ARGS}`, "com.delistening.sdk.test.ProgramKt", command, ...args]);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    java[stream].setEncoding("utf8").on("data", (text) => {
      said[stream] += text;
    });
  }
  java.stdin.end(input);
  const code = await new Promise((resolve, reject) => java.on("error", reject).on("close", resolve));
  assert.equal(code, 0, `${command} ended with code ${code}: ${said.stdout}${said.stderr}`);
  return said.stdout.trimEnd().split("\n");
}

test("the golden vectors hold in Kotlin, byte for byte", async () => {
  const files = await readdir(VECTORS);
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, VECTORS), "utf8")));
  const vectors = texts.flatMap((text) => JSON.parse(text));
  assert.ok(vectors.length > 50, `only ${vectors.length} vectors were found`);
  assert.ok(vectors.every(({ operation, input }) => !`${operation}${input}`.includes("\n")));
  const outputs = await kotlin(
    "vectors",
    [],
    vectors.map(({ operation, input }) => `${operation}\n${input}\n`).join(""),
  );
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
