// The Swift package: its own tests, and its example against the real server, in processes of their own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ingest } from "../../../tests/support/ingest.mjs";

const OUT = fileURLToPath(new URL("../../../target/swift/", import.meta.url));
const CARGO = readFileSync(new URL("../../../Cargo.toml", import.meta.url), "utf8");
const VECTORS = fileURLToPath(new URL("../../../schema/vectors/", import.meta.url));
let how;
let home;

before(async () => {
  assert.ok(existsSync(join(OUT, "run.json")), "build the package first: npm run test:swift");
  how = JSON.parse(readFileSync(join(OUT, "run.json"), "utf8"));
  mkdirSync(OUT, { recursive: true });
  // Below the repository: Swift may be where nothing else of this machine is.
  home = await mkdtemp(join(OUT, "test-"));
});

after(() => rm(home, { recursive: true }));

/** Runs a command where Swift is; gives how it ended and what it said. */
async function run(...words) {
  const [command, ...args] = [...how.enter, ...words];
  const given = { DELISTENING_VECTORS: VECTORS, DELISTENING_VERSION: /^version = "(.+)"$/m.exec(CARGO)[1] };
  const child = spawn(command, args, { env: { ...process.env, ...how.env, ...given } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  const [code, signal] = await new Promise((resolve, reject) =>
    child.on("error", reject).on("close", (...end) => resolve(end)),
  );
  return { code, signal, said };
}

const example = (...args) => run(join(how.programs, "OfflineMonth"), ...args);

test("the package's own tests pass, the golden vectors among them", async () => {
  const { code, said } = await run("swift", "test", "--skip-build", ...how.build);
  assert.equal(code, 0, said);
  const executed = [...said.matchAll(/Executed (\d+) tests?, with 0 failures/g)].map(([, count]) => Number(count));
  assert.ok(Math.max(...executed) >= 10, said);
  console.log(/100000 sessions: .*/.exec(said)?.[0]);
});

test("a month offline, with a process that dies every ten days, is sent and counts once", async () => {
  const ingest = await Ingest.start();
  try {
    const folder = join(home, "month");
    await ingest.kill();
    for (const from of [0, 10, 20]) {
      const { signal, code, said } = await example("play", folder, ingest.origin, `${from}`, `${from + 10}`);
      assert.ok(signal === "SIGKILL" || code === 137, said);
    }
    await ingest.run();
    const { code, said } = await example("sync", folder, ingest.origin);
    assert.equal(code, 0, said);
    assert.match(said, /^complete receipts=[1-9]\d* dropped=0 errors=\[\]$/m);
    const { total } = await ingest.counts((total) => total.valid === 240);
    assert.equal(total.valid, 240);
    const counted = await ingest.get("/v1/plays");
    assert.deepEqual([counted.valid, counted.short, counted.listeners], [240, 3, 1]);
    const again = await example("sync", folder, ingest.origin);
    assert.match(again.said, /^complete receipts=0 dropped=0 errors=\[\]$/m);
    assert.deepEqual(await ingest.get("/v1/plays"), counted);
  } finally {
    await ingest.stop();
  }
});
