// Run in a page: what a device holds.

/** Resolves when the track was played to its end, and all that is to be said of it is on disk. */
export async function heardOut() {
  const audio = document.querySelector("audio");
  if (!audio.ended) await new Promise((resolve) => audio.addEventListener("ended", resolve));
  const answered = (request) => new Promise((resolve) => request.addEventListener("success", resolve));
  const open = indexedDB.open("delistening");
  await answered(open);
  const some = (keys, kind) => keys.some((key) => key.startsWith(`${kind}/`));
  for (;;) {
    const all = open.result.transaction("records").objectStore("records").getAllKeys();
    await answered(all);
    if (!some(all.result, "session") && (some(all.result, "event") || some(all.result, "batch"))) break;
  }
  open.result.close();
}
