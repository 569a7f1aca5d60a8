// The waveform and the loudness of a file, usable without a player. Importing this module does nothing.

export { type AnalyseOptions, type Analysis, analyse } from "./analyse.js";
