// The example that plays a month without a network, as each language has it, against the real server.
import assert from "node:assert/strict";
import { Ingest } from "../../tests/support/ingest.mjs";

/** `example` runs it: gives how it ended (`code`, or `signal`) and what it `said`. */
export async function monthOffline(folder, example) {
  const ingest = await Ingest.start();
  try {
    await ingest.kill();
    for (const from of [0, 10, 20]) {
      const { signal, code, said } = await example("play", folder, ingest.origin, `${from}`, `${from + 10}`);
      assert.ok(signal === "SIGKILL" || code === 137, said);
    }
    await ingest.run();
    const { code, said } = await example("sync", folder, ingest.origin);
    assert.equal(code, 0, said);
    assert.match(said, /^complete receipts=[1-9]\d* dropped=0 errors=\[\]$/im);
    await ingest.counts((total) => total.valid === 240);
    const counted = await ingest.get("/v1/plays");
    assert.deepEqual([counted.valid, counted.short, counted.listeners], [240, 3, 1]);
    const again = await example("sync", folder, ingest.origin);
    assert.match(again.said, /^complete receipts=0 dropped=0 errors=\[\]$/im);
    assert.deepEqual(await ingest.get("/v1/plays"), counted);
  } finally {
    await ingest.stop();
  }
}
