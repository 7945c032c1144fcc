// Loaded by each Node that a checked command starts: leads the intercepted hosts to the fake.
// For clients that ignore the proxy variables: fetch and undici before Node 24, got, bare https.
"use strict";

const net = require("node:net");

const WEB_PORTS = new Set([80, 443]);
const settings = process.env.SEGMETRICS_MOCK_HOOK && JSON.parse(process.env.SEGMETRICS_MOCK_HOOK);

/** `settings`: where the fake listens (`host`, `port`), whom it plays (`hosts`), who is let out (`allow_hosts`). */
function install({ host: fakeHost, port: fakePort, hosts, allow_hosts: allowHosts }) {
  const connect = net.Socket.prototype.connect;
  const name = (host) => (typeof host === "string" ? host.toLowerCase().replace(/\.$/, "") : "");

  const isForeign = (host) =>
    host !== "" &&
    !allowHosts.includes(host) &&
    host !== "localhost" &&
    !host.endsWith(".localhost") &&
    !(net.isIPv4(host) && (host.startsWith("127.") || host === "0.0.0.0")) &&
    !(net.isIPv6(host) && (host === "::1" || host === "::" || host.startsWith("::ffff:127.")));

  /** Asks the fake as a proxy would be asked: so it notes the host, and says what to do. */
  const refuse = (socket, host, port) => {
    const asking = new net.Socket();
    let answer = "";
    const end = () => {
      let text = `${host} is refused by segmetrics-mock`;
      try {
        text = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))).errors[0];
      } catch {
        // The plain text will do.
      }
      socket.destroy(Object.assign(new Error(text), { code: "ECONNREFUSED" }));
    };
    asking.setEncoding("utf8");
    asking.on("data", (chunk) => (answer += chunk));
    asking.on("error", () => {});
    asking.on("close", end);
    connect.call(asking, fakePort, fakeHost);
    asking.write(`CONNECT ${net.isIPv6(host) ? `[${host}]` : host}:${port} HTTP/1.1\r\n\r\n`);
    // Until then the socket is one that connects: what is written to it waits.
    socket.connecting = true;
    return socket;
  };

  net.Socket.prototype.connect = function (...given) {
    // net.connect passes [[options, callback]]; users pass (options, callback) or (port, host, callback).
    const packed = Array.isArray(given[0]);
    const args = packed ? given[0] : given;
    const byOptions = typeof args[0] === "object" && args[0] !== null;
    if (!byOptions && (typeof args[1] !== "string" || isNaN(args[0]))) return connect.apply(this, given);
    const target = byOptions ? { host: args[0].host, port: args[0].port } : { host: args[1], port: args[0] };
    const host = name(target.host);
    if (hosts.includes(host)) {
      const options = { ...(byOptions ? args[0] : {}), host: fakeHost, port: fakePort };
      const callback = args.find((arg) => typeof arg === "function");
      return connect.call(this, options, callback);
    }
    if (WEB_PORTS.has(Number(target.port)) && isForeign(host)) return refuse(this, host, Number(target.port));
    return connect.apply(this, given);
  };
}

if (settings) install(settings);
