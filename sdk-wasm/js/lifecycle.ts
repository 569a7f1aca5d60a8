// Tells when the page is hidden, left, restored from the back/forward cache, online or offline.
// Never listens to `unload` or `beforeunload`, which would keep the page out of that cache.

/** What a page goes through. */
export interface LifecycleHandlers {
  /** The page cannot be seen any more, and may never be again. */
  hidden(): void;
  /** The page is being left: what is not begun now may never be. */
  left(): void;
  /** A page that was left is back, with its memory as it was. */
  restored(): void;
  online(online: boolean): void;
}

/** Listens until the returned function is called. */
export function watchLifecycle(handlers: LifecycleHandlers): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "hidden") handlers.hidden();
    },
    { signal },
  );
  window.addEventListener("pagehide", () => handlers.left(), { signal });
  window.addEventListener(
    "pageshow",
    (event) => {
      if (event.persisted) handlers.restored();
    },
    { signal },
  );
  window.addEventListener("online", () => handlers.online(true), { signal });
  window.addEventListener("offline", () => handlers.online(false), { signal });
  return () => stop.abort();
}
