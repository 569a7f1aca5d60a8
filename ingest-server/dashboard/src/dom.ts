// Elements in one expression. Text is always text: nothing here is ever read as HTML.

export type Child = Node | string | number | false | null | undefined;

type Props = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** An element with attributes (`true` sets one without a value), listeners (`onclick` …) and children. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...kept(children));
  return element;
}

/** Puts children into `parent` in place of those it has. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...kept(children));
}

function kept(children: Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === false || child === null || child === undefined) return [];
    return [typeof child === "number" ? String(child) : child];
  });
}
