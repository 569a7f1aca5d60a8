// The door: nothing is public. A service token is pasted; a share link brings its own.
import { h } from "./dom.ts";
import { type Session, signIn } from "./session.ts";

/** Scopes of a development token: counts, and what it takes to verify them. */
const SCOPES = "counts:read export:read";

/** Signs in at a server that runs with `--dev`, where this machine may have any token. */
export async function fromDevelopment(): Promise<Session | undefined> {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify({ scope: SCOPES }) };
  const response = await fetch("/dev/token", init).catch(() => undefined);
  return response?.ok ? signIn((await response.json()).token) : undefined;
}

export function door(said: string, enter: (session: Session) => void): HTMLElement {
  const problem = h("p", { class: "problem", role: "alert" }, said);
  const input = h("input", { id: "token", name: "token", type: "password", required: true, autocomplete: "off" });
  const submit = (event: Event) => {
    event.preventDefault();
    attempt(input.value);
  };
  const attempt = (token: string) => {
    const session = signIn(token);
    if (session) enter(session);
    else problem.textContent = "That is not a token.";
  };
  const develop = async () => {
    const session = await fromDevelopment();
    if (session) enter(session);
    else problem.textContent = "This server does not run with --dev.";
  };
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return h(
    "main",
    { id: "main", class: "door" },
    h("h1", { tabindex: -1 }, "Delistening"),
    h("p", {}, "Counts that can be verified. Nothing here is public: show a service token, or open a share link."),
    h(
      "form",
      { class: "panel", onsubmit: submit },
      h("label", { for: "token" }, "Service token (scope counts:read; export:read to verify)"),
      input,
      h("button", { type: "submit" }, "Open the dashboard"),
      local && h("button", { type: "button", class: "quiet", onclick: develop }, "Development server: get a token"),
      problem,
    ),
    h("p", { class: "small" }, "The token stays in this tab and is forgotten when it closes."),
  );
}
