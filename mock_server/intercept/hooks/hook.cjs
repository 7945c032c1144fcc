// Loaded by each Node process that a checked command starts: redirects the intercepted hosts to the fake, refuses others.
// For clients that ignore the proxy variables (fetch and undici before Node 24, got, bare https), on every port.
"use strict";

const dns = require("node:dns");
const net = require("node:net");

const WEB_PORTS = new Set([80, 443]);
const settings = process.env.SEGMETRICS_MOCK_HOOK && JSON.parse(process.env.SEGMETRICS_MOCK_HOOK);

/**
 * `settings`: the fake's address (`host`, `port`), the intercepted hosts (`hosts`), those passed through (`allow_hosts`)
 * and their addresses (`allow_addresses`).
 */
function install(given) {
  const { host: fakeHost, port: fakePort, hosts } = given;
  const allowed = new Set([...given.allow_hosts, ...given.allow_addresses]);
  const connect = net.Socket.prototype.connect;
  const name = (host) => (typeof host === "string" ? host.toLowerCase().replace(/\.$/, "") : "");

  const isLocal = (host) =>
    host === "" ||
    host === "localhost" ||
    host.endsWith(".localhost") ||
    (net.isIPv4(host) && (host.startsWith("127.") || host === "0.0.0.0")) ||
    (net.isIPv6(host) && (host === "::1" || host === "::" || host.startsWith("::ffff:127.")));

  /** Asks the fake as one asks a proxy, so that it records the host; calls back with its text, which says what to do. */
  const report = (host, port, address, callback) => {
    const proxy = new net.Socket();
    const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    let response = "";
    const end = () => {
      let text = `${host} is blocked by segmetrics-mock`;
      try {
        text = JSON.parse(response.slice(response.indexOf("\r\n\r\n"))).errors[0];
      } catch {
        // The default text is enough.
      }
      callback(Object.assign(new Error(text), { code: "ECONNREFUSED" }));
    };
    proxy.setEncoding("utf8");
    proxy.on("data", (chunk) => (response += chunk));
    proxy.on("error", () => {});
    proxy.on("close", end);
    connect.call(proxy, fakePort, fakeHost);
    proxy.write(`CONNECT ${authority} HTTP/1.1\r\nX-Segmetrics-Mock-Address: ${address}\r\n\r\n`);
  };

  const block = (socket, host, port) => {
    report(host, port, "", (error) => socket.destroy(error));
    // Until the response the socket counts as connecting: what is written to it waits.
    socket.connecting = true;
    return socket;
  };

  /** A lookup that passes on only addresses of this machine: a name may be one of its own. */
  const localLookup = (lookup, host, port) => (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses = (Array.isArray(found) ? found : [{ address: found }]).map((entry) => entry.address);
      if (!error && addresses.every(isLocal)) callback(error, found, family);
      else report(host, port, (!error && addresses[0]) || "", callback);
    });

  net.Socket.prototype.connect = function (...given) {
    // net.connect passes [[options, callback]]; users pass (options, callback) or (port, host, callback).
    const packed = Array.isArray(given[0]);
    const args = packed ? given[0] : given;
    const byOptions = typeof args[0] === "object" && args[0] !== null;
    if (!byOptions && (typeof args[1] !== "string" || isNaN(args[0]))) return connect.apply(this, given);
    const options = byOptions ? args[0] : { host: args[1], port: args[0] };
    const callback = args.find((arg) => typeof arg === "function");
    const host = name(options.host);
    const port = Number(options.port);
    if (hosts.includes(host)) {
      return connect.call(this, { ...options, host: fakeHost, port: fakePort }, callback);
    }
    if (options.path || isLocal(host) || allowed.has(host)) return connect.apply(this, given);
    // Without a wait for a DNS server that may not be there.
    if (net.isIP(host) || WEB_PORTS.has(port)) return block(this, host, port);
    return connect.call(this, { ...options, lookup: localLookup(options.lookup ?? dns.lookup, host, port) }, callback);
  };
}

if (settings) {
  if (settings.host) install(settings);
  require("./call_sites.cjs").install(settings.call_site_hosts);
}
