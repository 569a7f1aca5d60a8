/** A development token, from the server that serves this page. In production your backend knows who listens. */
export async function devToken({ device }: { device: string }): Promise<string> {
  const response = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ device, listener: "offline-listener" }),
  });
  const answer = (await response.json()) as { token?: string; detail?: string };
  if (answer.token === undefined) throw new Error(answer.detail ?? `status ${response.status}`);
  return answer.token;
}
