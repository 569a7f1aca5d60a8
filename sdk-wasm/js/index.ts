// @delistening/sdk: measures what is really heard in a page, keeps it through offline time, sends it signed,
// and checks the receipt. It never touches playback, never throws into the host and never sends what is not
// stored first. Start reading with telemetry.ts (what a host uses), then host.ts (how the core is run).

export type { Attachment } from "./attachment.js";
export type { Consent } from "./consent.js";
export type { KeyKeeper } from "./device-key.js";
export { type SdkCode, TelemetryError } from "./errors.js";
export type {
  Acked,
  Dropped,
  Receipt,
  Sealed,
  SessionVerdict,
  TelemetryEvents,
  TelemetryEventTarget,
  TelemetryStatus,
} from "./events.js";
export type { TelemetryOptions, Track } from "./options.js";
export type * from "./schema.js";
export type { HostEndReason, PlaySession } from "./session.js";
export { Telemetry } from "./telemetry.js";
