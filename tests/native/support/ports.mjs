/** Ports of this computer. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** So many ports that nobody has: all are held before the first is let go, so that they differ. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}

/** Whether somebody listens there. */
export async function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(socket.destroy() && true));
    socket.once("error", () => resolve(false));
  });
}
