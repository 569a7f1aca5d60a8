// Tracks on the device: downloaded with their artwork, played without a network, and taken back when the host says so.
// Importing this module does nothing: it is safe on a server that renders.

export {
  type Download,
  Downloads,
  type DownloadsEvents,
  type DownloadsOptions,
  type SaveOptions,
} from "./downloads.js";
export { DownloadError, type DownloadErrorCode } from "./errors.js";
