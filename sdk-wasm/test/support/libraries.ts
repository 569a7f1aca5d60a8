// That each library's own player may be given to its adapter; a test compiles this and nothing runs it.
import Hls from "hls.js";
import { Howl } from "howler";
import type videojs from "video.js";
import type { MediaPlayerElement } from "vidstack/elements";
import WaveSurfer from "wavesurfer.js";
import { attachHls } from "../../dist/adapters/hls.js";
import { attachHowl } from "../../dist/adapters/howler.js";
import { attachVideoJs } from "../../dist/adapters/videojs.js";
import { attachVidstack } from "../../dist/adapters/vidstack.js";
import { attachWaveSurfer } from "../../dist/adapters/wavesurfer.js";
import type { Telemetry } from "../../dist/index.js";

declare const telemetry: Telemetry;
declare const player: ReturnType<typeof videojs>;
declare const element: MediaPlayerElement;
const track = { id: "track" };
attachHowl(telemetry, new Howl({ src: [] }), track);
attachHls(telemetry, new Hls(), track);
attachVideoJs(telemetry, player, track);
attachVidstack(telemetry, element, track);
attachWaveSurfer(telemetry, WaveSurfer.create({ container: "#waves" }), track);
