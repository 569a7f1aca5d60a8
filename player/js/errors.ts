// What goes wrong with playback. Reported by events; nothing here is thrown into a host.

/** Stable codes. */
export type PlayerErrorCode =
  /** The file could not be fetched. */
  | "network"
  /** The file cannot be decoded, or is of a kind that this browser does not play. */
  | "unplayable"
  /** The source is not a URL. */
  | "bad-source"
  /** It was on this device, and the host took it back. */
  | "revoked";

/** A track could not be played. */
export class PlayerError extends Error {
  override readonly name = "PlayerError";
  readonly code: PlayerErrorCode;
  /** The source that failed. */
  readonly src: string;

  constructor(code: PlayerErrorCode, message: string, src: string) {
    super(message);
    this.code = code;
    this.src = src;
  }
}
