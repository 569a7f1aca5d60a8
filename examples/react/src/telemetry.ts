// One telemetry for the whole page. In production your backend knows who listens, and gives the token.

import { Telemetry } from "@delistening/sdk";

export const telemetry = new Telemetry({
  endpoint: location.origin,
  token: async ({ device }) => {
    const response = await fetch("/dev/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ device, listener: "example-listener" }),
    });
    return ((await response.json()) as { token: string }).token;
  },
  batch: { maxAgeMs: 2_000 },
  onError: (error) => console.warn(error.code, error.message),
});
