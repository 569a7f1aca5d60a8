// The switch that cuts this page off from the server: requests fail as they do without a network. Music that
// the browser has already, it goes on playing.

import { byId } from "./feed.js";

/** Makes the switch work. Call it before anything keeps a `fetch` of its own. */
export function installNetworkSwitch(): void {
  const button = byId("network");
  const label = byId("network-label");
  const { fetch, navigator } = window;
  const send = navigator.sendBeacon.bind(navigator);
  let connected = true;
  window.fetch = (...request) => (connected ? fetch(...request) : Promise.reject(new TypeError("Failed to fetch")));
  navigator.sendBeacon = (...request) => connected && send(...request);
  button.addEventListener("click", () => {
    connected = !connected;
    button.setAttribute("aria-checked", String(connected));
    label.textContent = connected ? "Connected to the server" : "Cut off from the server";
    window.dispatchEvent(new Event(connected ? "online" : "offline"));
  });
}
