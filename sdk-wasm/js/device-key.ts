// The device's Ed25519 key. Its private half never leaves the device, and where the browser can keep it, no script
// can read it either.

/** Who keeps the private half: the browser (no script can read it), or the module (its seed lies in IndexedDB). */
export type KeyKeeper = "webcrypto" | "module";

/** A key that can sign. Where it is kept is its own affair. */
export interface DeviceKey {
  /** The 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array;
  /** The device id: the RFC 7638 thumbprint of the public key. */
  readonly id: string;
  readonly keeper: KeyKeeper;
  /** Signs; a result at once is best, since a page on its way out waits for nothing. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** What the module has for it. Not the bindings' own type, whose declarations need a newer library than our users may have. */
interface SeedKeys {
  readonly SeedKey: new (
    seed: Uint8Array,
  ) => { public_key(): Uint8Array; device(): string; sign(message: Uint8Array): Uint8Array };
}

/** What is stored of a key: a seed, or a key that the browser keeps. */
export type StoredKey = Uint8Array | { readonly privateKey: CryptoKey; readonly publicKey: Uint8Array };

/** A new key, of the best kind that this browser has. */
export async function newKey(): Promise<StoredKey> {
  try {
    const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { privateKey: pair.privateKey, publicKey };
  } catch {
    // No secure context, or a browser without Ed25519.
    return newSeed();
  }
}

/** A key that the module keeps. */
export function newSeed(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Whether what was found in the storage is a key. */
export function isKey(found: unknown): found is StoredKey {
  if (found instanceof Uint8Array) return found.length === 32;
  const { privateKey, publicKey } = (found ?? {}) as Partial<Record<"privateKey" | "publicKey", unknown>>;
  return publicKey instanceof Uint8Array && typeof CryptoKey === "function" && privateKey instanceof CryptoKey;
}

/** A stored key, ready to sign. */
export async function openKey(wasm: SeedKeys, stored: StoredKey): Promise<DeviceKey> {
  if (stored instanceof Uint8Array) {
    const key = new wasm.SeedKey(stored);
    return { publicKey: key.public_key(), id: key.device(), keeper: "module", sign: (message) => key.sign(message) };
  }
  const { privateKey, publicKey } = stored;
  return {
    publicKey,
    id: await thumbprint(publicKey),
    keeper: "webcrypto",
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message as Uint8Array<ArrayBuffer>)),
  };
}

async function thumbprint(publicKey: Uint8Array): Promise<string> {
  // The members and their order are those of RFC 7638.
  const jwk = `{"crv":"Ed25519","kty":"OKP","x":"${base64url(publicKey)}"}`;
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(jwk))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
