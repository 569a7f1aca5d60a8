// The device's Ed25519 key. Its private half never leaves the device.

import type { Wasm } from "./wasm.js";

/** A key that can sign. Where it is kept is its own affair. */
export interface DeviceKey {
  /** The 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array;
  /** The device id: the RFC 7638 thumbprint of the public key. */
  readonly id: string;
  /** Signs; a result at once is best, since a page on its way out waits for nothing. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** The key of a stored seed, kept and used inside the module. */
export function seedKey(wasm: Wasm, seed: Uint8Array): DeviceKey {
  const key = new wasm.SeedKey(seed);
  return {
    publicKey: key.public_key(),
    id: key.device(),
    sign: (message) => key.sign(message),
  };
}
