// What the pages have that the documents' snippets are put in.

/** Asks the platform's backend for a token. */
declare function tokenFor(device: string): Promise<string>;

/** The page's own element. */
declare const audio: HTMLAudioElement;

/** The page's own telemetry. */
declare const telemetry: import("@delistening/sdk").Telemetry;
