// `npm start`: builds the server and the demo page, and serves both on this machine until it is interrupted.
// PORT changes the port. Data stays in .data from one start to the next.

import { build } from "./build.mjs";
import { bold, main } from "./lib/run.mjs";
import { buildServer, port, serve } from "./lib/server.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const listen = `127.0.0.1:${port()}`;
  const { wasm } = await setup({ wasm: true });
  await build(wasm);
  await buildServer();
  process.exitCode = await serve(["--data", ".data", "--www", "examples/demo/dist", "--listen", listen], welcome);
});

function welcome(url) {
  console.log(`
${bold(`Open ${url} and press play.`)}
You will see what is heard become signed events, a batch, an ack, a receipt that the page itself checks, and one
more valid play in the live count. What a team looks at is the dashboard: ${url}/dashboard/
Ctrl-C ends it; what was counted stays in .data.
`);
}
