// Loaded by each Node process that a checked command starts: redirects the intercepted hosts to the fake.
// For clients that ignore the proxy variables: fetch and undici before Node 24, got, bare https.
"use strict";

const net = require("node:net");

const WEB_PORTS = new Set([80, 443]);
const settings = process.env.SEGMETRICS_MOCK_HOOK && JSON.parse(process.env.SEGMETRICS_MOCK_HOOK);

/** `settings`: the fake's address (`host`, `port`), the intercepted hosts (`hosts`), those passed through (`allow_hosts`). */
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

  /** Asks the fake as one asks a proxy, so that it records the host and says what to do. */
  const block = (socket, host, port) => {
    const proxy = new net.Socket();
    let response = "";
    const end = () => {
      let text = `${host} is blocked by segmetrics-mock`;
      try {
        text = JSON.parse(response.slice(response.indexOf("\r\n\r\n"))).errors[0];
      } catch {
        // The default text is enough.
      }
      socket.destroy(Object.assign(new Error(text), { code: "ECONNREFUSED" }));
    };
    proxy.setEncoding("utf8");
    proxy.on("data", (chunk) => (response += chunk));
    proxy.on("error", () => {});
    proxy.on("close", end);
    connect.call(proxy, fakePort, fakeHost);
    proxy.write(`CONNECT ${net.isIPv6(host) ? `[${host}]` : host}:${port} HTTP/1.1\r\n\r\n`);
    // Until the response the socket counts as connecting: what is written to it waits.
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
    if (WEB_PORTS.has(Number(target.port)) && isForeign(host)) return block(this, host, Number(target.port));
    return connect.apply(this, given);
  };
}

if (settings) install(settings);
