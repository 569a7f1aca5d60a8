// What the listener agreed to. Nothing is stored or sent before it is granted.

/**
 * - `granted`: plays are recorded, stored and sent.
 * - `unknown`: nobody was asked yet. Nothing is stored or sent; what happens is held in memory, or let go.
 * - `denied`: nothing is recorded, stored or sent, and what this device still held is erased.
 */
export type Consent = "granted" | "denied" | "unknown";

const STATES: readonly unknown[] = ["granted", "denied", "unknown"];

export function isConsent(value: unknown): value is Consent {
  return STATES.includes(value);
}

/** Where nothing is said, Global Privacy Control is a listener's "no". */
export function defaultConsent(): Consent {
  const { globalPrivacyControl } = (globalThis.navigator ?? {}) as { globalPrivacyControl?: boolean };
  return globalPrivacyControl === true ? "denied" : "granted";
}
