// Notes in each request to the fake where the client's own code made it: in a header, which the server takes off.
// The place is the innermost frame that is neither of Node nor of node_modules. What runs later, in a promise or a
// callback of a library, inherits the place that started it. A client must not notice: whatever goes wrong here means
// no header.
"use strict";

const { createHook, executionAsyncResource } = require("node:async_hooks");
const channels = require("node:diagnostics_channel");
const http = require("node:http");
const https = require("node:https");
const { syncBuiltinESMExports } = require("node:module");
const { fileURLToPath } = require("node:url");

const HEADER = "X-Segmetrics-Mock-Call-Site";
const FRAMES = 30;
// A stack takes some 5 µs, so a program with more promises than this is followed by its awaits alone.
const MOST_STACKS = 100_000;

/** `hosts`: the values of `Host`, with their ports, that are the fake. */
exports.install = function (hosts) {
  const ours = new Set(hosts);
  // The places of promises, timers and other resources. What is not in here has none.
  const places = new WeakMap();
  let stacks = 0;

  const hook = createHook({
    init(id, type, trigger, resource) {
      stacks += 1;
      if (stacks > MOST_STACKS) hook.disable();
      const place = ownFrame(false) ?? places.get(executionAsyncResource());
      if (place !== undefined) places.set(resource, place);
    },
  }).enable();

  const current = () => ownFrame(false) ?? places.get(executionAsyncResource()) ?? ownFrame(true);

  for (const [library, port] of [[http, 80], [https, 443]]) {
    for (const name of ["request", "get"]) {
      const original = library[name];
      library[name] = function (...given) {
        const request = original.apply(this, given);
        try {
          const place = current();
          if (place && ours.has(named(request.getHeader("host"), port)) && !request.headersSent) {
            request.setHeader(HEADER, place);
          }
        } catch {
          // Headers that were sent already, or a request that is none of Node's.
        }
        return request;
      };
    }
  }
  syncBuiltinESMExports();

  // fetch, and undici.
  channels.subscribe("undici:request:create", ({ request }) => {
    try {
      const place = current();
      if (place && ours.has(new URL(request.origin).host)) request.addHeader(HEADER, place);
    } catch {
      // As above.
    }
  });
};

/** A `Host` without the port that its scheme has anyway. */
function named(host, port) {
  return String(host).toLowerCase().replace(new RegExp(`:${port}$`), "");
}

/**
 * The innermost frame of the client's own code as `file:line`, percent-encoded; undefined without any.
 * `isAwaiting`: take one that awaits what runs, too.
 */
function ownFrame(isAwaiting) {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_, frames) => frames;
    const holder = {};
    Error.captureStackTrace(holder, ownFrame);
    for (const frame of holder.stack) {
      if (frame.isAsync() && !isAwaiting) return undefined;
      const file = frame.getFileName();
      if (isOwn(file)) return `${quoted(file)}:${frame.getLineNumber()}`;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

const known = new Map();

function isOwn(file) {
  let own = known.get(file);
  if (own === undefined) {
    own = typeof file === "string" && /^(\/|file:|[A-Za-z]:\\)/.test(file) && !/[\\/]node_modules[\\/]/.test(file);
    own = own && !file.startsWith(__dirname);
    known.set(file, own);
  }
  return own;
}

function quoted(file) {
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return path.split("/").map(encodeURIComponent).join("/");
}
