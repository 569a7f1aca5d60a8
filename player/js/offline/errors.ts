// What goes wrong with a download. `Downloads.add` rejects with it.

/** Stable codes. */
export type DownloadErrorCode =
  /** The file or its artwork could not be fetched; what was fetched of it is gone. */
  | "network"
  /** There is no room: the browser's quota or the host's own bound is reached. */
  | "quota"
  /** It was cancelled, or taken back while it ran. */
  | "aborted"
  /** This browser, or this page, has no Cache Storage: it needs https. */
  | "unsupported";

/** A track could not be downloaded. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly code: DownloadErrorCode;

  constructor(code: DownloadErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
