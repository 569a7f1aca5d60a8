import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidV7 } from "../dist/ids.js";
import { readOptions, readTrack } from "../dist/options.js";
import { retryAfter } from "../dist/transport.js";

test("Retry-After is read as seconds or as a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  for (const [header, seconds] of [
    ["120", 120],
    [" 0 ", 0],
    ["Thu, 01 Jan 2026 00:01:30 GMT", 90],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ]) {
    assert.equal(retryAfter(header, now), seconds, String(header));
  }
});

test("identifiers are UUIDv7 and sort by time", () => {
  const at = 0x0192_1234_5678;
  const id = uuidV7(at);
  assert.match(id, /^01921234-5678-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(id < uuidV7(at + 1));
});

test("each option that cannot be used is named", () => {
  const token = () => "";
  for (const [options, names] of [
    [{ endpoint: "http://", token }, /endpoint/],
    [{ endpoint: "ftp://a.example", token }, /endpoint/],
    [{ endpoint: "/ingest" }, /token/],
    [{ endpoint: "/ingest", token, listener: "" }, /listener/],
    [{ endpoint: "/ingest", token, namespace: 1 }, /namespace/],
    [{ endpoint: "/ingest", token, logKeys: "key" }, /logKeys/],
    [{ endpoint: "/ingest", token, batch: { maxEvents: 0 } }, /batch\.maxEvents/],
  ]) {
    assert.match(readOptions(options, "https://page.example/"), names);
  }
  const settings = readOptions({ endpoint: "/ingest", token }, "https://page.example/a/b");
  assert.equal(settings.endpoint.href, "https://page.example/ingest");
});

test("a track needs an id, and an unknown length is left out", () => {
  assert.match(readTrack({}), /track\.id/);
  assert.match(readTrack(null), /object/);
  assert.match(readTrack({ id: "a", artist: 1 }), /track\.artist/);
  assert.equal(readTrack({ id: "a", durationMs: Number.POSITIVE_INFINITY }).duration_ms, undefined);
  assert.equal(readTrack({ id: "a", durationMs: 1000.4 }).duration_ms, 1000);
});
