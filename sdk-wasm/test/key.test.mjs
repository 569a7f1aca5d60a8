import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { payload } from "./support/site.mjs";
import { begin, newTabs, openPage, site, tabs } from "./support/suite.mjs";

begin();

/** Plays something and has it sent; gives the device, who keeps its key, and what is stored of it. */
const play = async (options) => {
  await (await harness.start(options)).ready;
  harness.play("signed", 40_000);
  await telemetry.flush();
  const request = indexedDB.open("delistening");
  await harness.once(request, "success");
  const stored = request.result.transaction("keys").objectStore("keys").get("device");
  await harness.once(stored, "success");
  request.result.close();
  const kind = stored.result instanceof Uint8Array ? "seed" : stored.result.privateKey?.constructor.name;
  const readable = await crypto.subtle.exportKey("pkcs8", stored.result.privateKey ?? null).then(
    () => true,
    () => false,
  );
  return { device: telemetry.device, key: telemetry.status().key, kind, readable };
};

/** Whether the batch is signed by the key in its header, whose thumbprint is `device`. */
function isSignedBy(device, jws) {
  const [header, , signature] = jws.split(".");
  const { jwk } = JSON.parse(Buffer.from(header, "base64url"));
  const thumbprint = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`).digest("base64url");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = jws.slice(0, jws.lastIndexOf("."));
  return thumbprint === device && verify(null, Buffer.from(signed), key, Buffer.from(signature, "base64url"));
}

test("the browser keeps the key where it can: no script can read it, and the host can tell", async () => {
  const page = await openPage();
  const { device, key, kind, readable } = await page.evaluate(play);
  assert.deepEqual({ key, kind, readable }, { key: "webcrypto", kind: "CryptoKey", readable: false });
  const { body } = await site.request();
  assert.ok(isSignedBy(device, body.batches[0]));
  await page.reload();
  assert.equal((await page.evaluate(play)).device, device, "the same device after a reload");
  assert.deepEqual(page.wrongs, []);
});

test("without Ed25519 in the browser, or where the host wants it, the module keeps it", async () => {
  const page = await openPage();
  const chosen = await page.evaluate(play, { key: "module" });
  assert.deepEqual({ key: chosen.key, kind: chosen.kind }, { key: "module", kind: "seed" });
  const { body } = await site.request();
  assert.ok(isSignedBy(chosen.device, body.batches[0]));

  await newTabs();
  await tabs.addInitScript(() => {
    SubtleCrypto.prototype.generateKey = () => Promise.reject(new DOMException("no such curve", "NotSupportedError"));
  });
  const old = await openPage();
  const { key, kind } = await old.evaluate(play);
  assert.deepEqual({ key, kind }, { key: "module", kind: "seed" });
  assert.deepEqual([...page.wrongs, ...old.wrongs], []);
});

test("a device that began with a seed keeps it", async () => {
  const page = await openPage();
  const before = await page.evaluate(play, { key: "module" });
  await page.reload();
  const after = await page.evaluate(play);
  assert.equal(after.device, before.device);
  assert.equal(after.key, "module");
  assert.deepEqual(page.wrongs, []);
});

test("a lost key begins a new device, openly: what was sealed goes as it is, what was not under the new name", async () => {
  const page = await openPage();
  const { device: former } = await page.evaluate(play);
  await page.evaluate(async () => {
    await harness.until(({ type }) => type === "batch");
    telemetry.session({ id: "waiting" }).playing(0);
    await harness.until(({ event }) => event?.track === "waiting");
  });
  await page.goto(`${site.origin}/other`);
  await page.evaluate(async () => {
    const request = indexedDB.open("delistening");
    await harness.once(request, "success");
    const store = request.result.transaction("keys", "readwrite").objectStore("keys");
    await harness.once(store.clear(), "success");
    request.result.close();
  });
  site.requests.length = 0;
  site.ingest = ({ batches }) => ({
    status: 200,
    body: {
      log: "none",
      answers: batches.map(() => ({
        status: "refused",
        problem: {
          type: "/problems/bad-signature",
          title: "Bad signature",
          status: 400,
          detail: "taken by the test, which has no log",
          code: "bad-signature",
          action: "drop",
        },
      })),
    },
  });
  const asked = await page.evaluate(async () => {
    const asked = [];
    const token = (request) => {
      asked.push(request.device);
      return harness.token(request);
    };
    await (await harness.start({ token })).ready;
    await harness.until(({ type, code }) => type === "error" && code === "key-lost");
    await telemetry.flush();
    await telemetry.flush();
    return { asked, device: telemetry.device };
  });
  assert.notEqual(asked.device, former);
  assert.deepEqual(new Set(asked.asked), new Set([former, asked.device]));
  const sent = site.requests.flatMap(({ body }) => body.batches).map((jws) => [jws, payload(jws)]);
  for (const [jws, { device }] of sent) assert.ok(isSignedBy(device, jws));
  const of = (track) => sent.filter(([, { events }]) => events.some((event) => event.track === track));
  assert.equal(of("signed")[0][1].device, former);
  const [[, fresh]] = of("waiting").filter(([, { device }]) => device === asked.device);
  assert.equal(fresh.seq, 1, "a chain of its own");
  assert.deepEqual(page.wrongs, []);
});
