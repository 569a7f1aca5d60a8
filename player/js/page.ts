// What the page around a player knows.

/** Whether a person has just done something on the page. */
export function gesture(): boolean {
  return globalThis.navigator?.userActivation?.isActive ?? true;
}

export function isUrl(src: unknown): src is string {
  return typeof src === "string" && src !== "" && URL.canParse(src, globalThis.document?.baseURI);
}
