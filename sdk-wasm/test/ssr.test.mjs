import assert from "node:assert/strict";
import { test } from "node:test";

test("outside a page the package can be imported and used, and does nothing", async () => {
  const { Telemetry, TelemetryError } = await import("@delistening/sdk");
  const errors = [];
  const telemetry = new Telemetry({
    endpoint: "https://ingest.example",
    token: () => "never asked for",
    onError: (error) => errors.push(error),
  });
  assert.equal(telemetry.device, undefined);
  assert.deepEqual(telemetry.status(), {
    events: 0,
    batches: 0,
    acked: 0,
    leader: false,
    storage: "memory",
    online: true,
    key: undefined,
    consent: "unknown",
  });
  const session = telemetry.session({ id: "track" });
  session.playing(0);
  session.ended("completed", 1_000);
  await telemetry.flush();
  await telemetry.close();
  assert.ok(errors.every((error) => error instanceof TelemetryError));
});
