// What the pages have that the documents' snippets are put in.

/** Asks the platform's backend for a token. */
declare function tokenFor(device: string): Promise<string>;

/** The page's own element. */
declare const audio: HTMLAudioElement;

/** The page's own telemetry. */
declare const telemetry: import("@delistening/sdk").Telemetry;

/** The page's own players. */
declare const howl: import("@delistening/sdk/howler").HowlLike;
declare const hls: import("@delistening/sdk/hls").HlsLike;
declare const videoPlayer: import("@delistening/sdk/videojs").VideoJsLike;
declare const mediaPlayer: import("@delistening/sdk/vidstack").VidstackLike;
declare const surfer: import("@delistening/sdk/wavesurfer").WaveSurferLike;
