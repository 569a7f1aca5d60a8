/** What the page is made of. */
export const SHELL = "shell-v1";
/** The tracks that the listener keeps on this device. */
export const MUSIC = "music-v1";
