// The decoders that ours are set against, each as a function that decodes a whole file. Bundled for the browser; Node
// resolves the names from where they are installed.

import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { MPEGDecoder } from "mpg123-decoder";
import { OggOpusDecoder } from "ogg-opus-decoder";

async function whole(decoder) {
  await decoder.ready;
  return async (bytes) => {
    await decoder.decodeFile(bytes);
    await decoder.reset();
  };
}

export const PEERS = {
  async mp3() {
    const decoder = new MPEGDecoder();
    await decoder.ready;
    return async (bytes) => {
      decoder.decode(bytes);
      await decoder.reset();
    };
  },
  flac: () => whole(new FLACDecoder()),
  vorbis: () => whole(new OggVorbisDecoder()),
  opus: () => whole(new OggOpusDecoder()),
};
