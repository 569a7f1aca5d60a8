// A device that signs batches with nothing but what Node has: any JOSE library could.
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

export class Device {
  #key;
  #jwk;
  #seq = 0;
  #prev = "";

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.#key = privateKey;
    this.#jwk = { kty: "OKP", crv: "Ed25519", x: publicKey.export({ format: "jwk" }).x };
  }

  /** The thumbprint of its key (RFC 7638). */
  get id() {
    const { crv, kty, x } = this.#jwk;
    return base64url(sha256(JSON.stringify({ crv, kty, x })));
  }

  /** The next batch: a track that `listener` heard the first `seconds` of. */
  seal(listener, aud, seconds) {
    const [session, at, length] = [randomUUID(), Date.now() - seconds * 1000, seconds * 1000];
    const event = (mono, rest) => ({ id: randomUUID(), session, at: at + mono, mono, track: "track-1", ...rest });
    const started = { type: "play.started", artist: "artist-1", duration_ms: 200_000, offline: false };
    const heard = { type: "play.progress", heard: [[0, length]], rate: 1, volume: 1, muted: false, visible: true };
    const payload = {
      v: 1,
      batch: randomUUID(),
      device: this.id,
      seq: ++this.#seq,
      prev: this.#prev,
      nonce: base64url(randomBytes(16)),
      aud,
      listener,
      sent_at: Date.now(),
      sdk: "test/1",
      events: [event(0, { ...started, engine: "native", autoplay: false }), event(length, heard)],
    };
    const header = { alg: "EdDSA", typ: "delistening-batch+jws", jwk: this.#jwk };
    const input = [header, payload].map((part) => base64url(JSON.stringify(part))).join(".");
    const jws = `${input}.${base64url(sign(null, Buffer.from(input), this.#key))}`;
    this.#prev = base64url(sha256(jws));
    return jws;
  }
}
