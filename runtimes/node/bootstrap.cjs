// Runs Node.js functions inside an instance. The contract is runtimes/protocol/PROTOCOL.md; Node 18.14 and newer.
// CommonJS, since Node's loader of ES modules takes a fifth of its start; it is loaded for functions that need it. So are
// scripts.cjs and outputs.cjs.
"use strict";
const { isUtf8 } = require("node:buffer");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const net = require("node:net");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const SOCKET = "/run/nanogrid/s";
const HELLO = 1, INIT = 2, READY = 3, INIT_ERROR = 4, INVOKE = 5, RESULT = 6, ERROR = 7, FILE = 8;
const VALUE = 1, FILES = 2; // on invoke
const RESPONSE = 1, JSON_BODY = 2; // on result
const BAD_EVENT = 1, BAD_RESULT = 2; // on error
const BUSY = 128;
const HEAD = 14, FRAME_LIMIT = 256 << 20, META_LIMIT = 1 << 20, ERROR_META_LIMIT = 60_000;
const { parse, stringify } = JSON; // as they are before a function changes them
const { nextTick } = process;

/** One frame; meta and body are text or bytes. */
function encode(kind, flags, call, meta = "", body = "") {
  const metaLength = Buffer.byteLength(meta), bodyLength = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(HEAD + metaLength + bodyLength);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame[4] = kind;
  frame[5] = flags;
  frame.writeUInt32BE(call, 6);
  frame.writeUInt32BE(metaLength, 10);
  if (metaLength > 0) put(meta, frame, HEAD);
  if (bodyLength > 0) put(body, frame, HEAD + metaLength);
  return frame;
}

function put(data, frame, at) {
  if (typeof data === "string") frame.write(data, at);
  else frame.set(data, at);
}

/** Cuts what arrives into frames: `accept(kind, flags, call, meta, body)`, whose bytes are valid during that call alone. */
function decoder(accept) {
  let pending = null, filled = 0; // a frame that has not arrived whole, or its head while its length is unknown
  function size(bytes, at) {
    const wanted = 4 + bytes.readUInt32BE(at);
    if (wanted > FRAME_LIMIT) throw new Violation(`a frame of ${wanted} bytes; ${FRAME_LIMIT} are allowed`);
    return wanted;
  }
  function whole(frame) {
    const metaLength = frame.length < HEAD ? Infinity : frame.readUInt32BE(10);
    if (metaLength > frame.length - HEAD) throw new Violation(`a frame of ${frame.length} bytes with metaLength ${metaLength}`);
    const body = HEAD + metaLength;
    accept(frame[4], frame[5], frame.readUInt32BE(6), frame.subarray(HEAD, body), frame.subarray(body));
  }
  return function received(chunk) {
    for (let at = 0; at < chunk.length; ) {
      if (pending === null) {
        const left = chunk.length - at, wanted = left < HEAD ? HEAD : size(chunk, at);
        if (wanted <= left) {
          whole(chunk.subarray(at, at + wanted));
          at += wanted;
          continue;
        }
        pending = Buffer.allocUnsafe(wanted);
        filled = 0;
      }
      const copied = chunk.copy(pending, filled, at);
      at += copied;
      filled += copied;
      if (filled < pending.length) continue;
      const frame = pending, wanted = size(frame, 0);
      pending = null;
      if (wanted <= frame.length) whole(frame);
      else {
        pending = Buffer.allocUnsafe(wanted);
        frame.copy(pending);
      }
    }
  };
}

/** The gateway broke the protocol; nothing that it sends after that can be trusted to mean what it says. */
class Violation extends Error {}

function failure(name, message) {
  const error = new Error(message);
  error.name = name;
  error.stack = "";
  return error;
}

/** The meta of an error frame. Never throws, whatever was thrown and whatever its getters do. `more` are further members. */
function describe(error, more) {
  let name = "Error", message = "", trace = [];
  try {
    const real = error instanceof Error || (typeof error === "object" && error !== null && "message" in error);
    name = String(real ? error.name ?? "Error" : typeof error);
    message = String(real ? error.message : error).slice(0, ERROR_META_LIMIT);
    for (let cause = error, depth = 0; real && cause?.stack && depth < 5; cause = cause.cause, depth++) {
      trace.push(...userTrace(String(cause.stack), depth > 0));
    }
  } catch {
    message ||= "<a thrown value that can't be described>";
  }
  for (;;) {
    const meta = stringify({ errorType: name, errorMessage: message, stackTrace: trace, ...more });
    if (Buffer.byteLength(meta) <= ERROR_META_LIMIT) return meta;
    name = name.slice(0, 200);
    message = message.slice(0, Math.floor(message.length * 2 / 3));
    trace = trace.slice(0, Math.max(2, Math.floor(trace.length * 2 / 3))).map((line) => line.slice(0, 300));
  }
}

/** The lines of a stack without the frames of this file and of Node itself. */
function userTrace(stack, isCause) {
  const ours = (line) => line.includes(__filename) || /\(?node:[\w/]+:\d+:\d+\)?$/.test(line);
  const lines = stack.split("\n").filter((line) => !/^\s+at /.test(line) || !ours(line));
  return isCause ? [`Caused by: ${lines[0]}`, ...lines.slice(1)] : lines;
}

/** What a handler learns about its call, in AWS Lambda's spelling and plainly. A call's meta is read when it is asked for. */
class Context {
  identity = undefined;
  /** Is here for handlers that set it; the answer is sent as soon as there is one, whatever it says. */
  callbackWaitsForEmptyEventLoop = true;
  #meta;
  #http;

  constructor(meta) {
    this.#meta = meta;
  }

  get #call() {
    if (typeof this.#meta === "string") this.#meta = this.#meta === "" ? {} : parse(this.#meta);
    return this.#meta;
  }

  get requestId() { return this.#call.requestId ?? ""; }
  get awsRequestId() { return this.requestId; }
  get deadlineMs() { return this.#call.deadlineMs ?? 0; }
  get traceparent() { return this.#call.traceparent; }
  get clientContext() { return this.#call.clientContext; }
  /** method, path, headers, query, pathParameters and clientAddress of a call over HTTP, else undefined. */
  get http() { return this.#http ??= this.#call.http; }
  getRemainingTimeInMillis() { return Math.max(0, this.deadlineMs - Date.now()); }

  static describeFunction({ function: functionName, version, memoryMb }) {
    Object.assign(Context.prototype, {
      functionName,
      version,
      functionVersion: String(version),
      memoryLimitMb: memoryMb,
      memoryLimitInMB: memoryMb,
      invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}:${version}`,
      logGroupName: `/aws/lambda/${functionName}`,
      logStreamName: `${new Date().toISOString().slice(0, 10).replaceAll("-", "/")}/[${version}]${process.pid.toString(16)}`,
    });
  }
}

/**
 * Sees processes that the function left running: children of this process, and orphans that its parent, the init process of
 * the instance, took over. Two reads of open files a call; the kernel writes them afresh each time.
 */
function childrenWatch() {
  const buffer = Buffer.allocUnsafe(8192);
  const open = (pid) => {
    try {
      return fs.openSync(`/proc/${pid}/task/${pid}/children`);
    } catch { // the parent is outside of this process's view
      return null;
    }
  };
  const own = open(process.pid), parents = open(process.ppid);
  const list = (fd) => {
    const length = fd === null ? 0 : fs.readSync(fd, buffer, 0, buffer.length, 0);
    return length === 0 ? "" : buffer.latin1Slice(0, length);
  };
  const pids = (text) => text.split(" ").filter(Boolean);
  const ended = (pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
      return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
    } catch {
      return true;
    }
  };
  const before = list(parents);
  return function running() {
    const mine = list(own), adopted = list(parents);
    if (mine === "" && adopted === before) return false;
    const known = new Set(pids(before));
    return [...pids(mine), ...pids(adopted).filter((pid) => !known.has(pid))].some((pid) => !ended(pid));
  };
}

/** Puts the function's files, variables and libraries in place. What it returns loads the function and returns its handler. */
async function load(meta, body) {
  let at = 0, commonJs = true;
  for (const { path: name, size } of meta.files) {
    const target = path.join(meta.directory, name), content = body.subarray(at, at += size);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, content);
    commonJs &&= !(name === meta.file || name.endsWith("package.json")) || plainlyCommonJs(name, content.toString());
  }
  Object.assign(process.env, meta.env, { OUTPUT_DIR: meta.outputDirectory });
  fs.mkdirSync(meta.outputDirectory, { recursive: true });
  process.chdir(meta.directory);
  const file = path.join(meta.directory, meta.file);
  process.argv = [process.execPath, file];
  if (meta.dependencies) link(path.join(meta.dependencies, "node_modules"), path.join(meta.directory, "node_modules"));
  if (meta.script) return () => script(file, meta);
  Context.describeFunction(meta);
  return async () => {
    const exported = commonJs ? createRequire(file)(file) : await import(pathToFileURL(file)).catch((error) => {
      throw error instanceof SyntaxError ? located(error, meta) : error;
    });
    for (const name of meta.handlers) {
      const handler = exported?.[name] ?? exported?.default?.[name];
      if (typeof handler === "function") return handler;
    }
    throw failure("HandlerNotFound", `${meta.file} exports none of these functions: ${meta.handlers.join(", ")}`);
  };
}

/** Whether nothing in a function's main file or in a package.json asks for ES modules. `import()` would load either kind. */
function plainlyCommonJs(name, content) {
  if (name.endsWith(".json")) return !/"type"\s*:\s*"module"/.test(content);
  return !name.endsWith(".mjs") && !/(^|[;}])\s*(import|export)\b/m.test(content);
}

/** Import and require look for libraries beside the function's files: what the function brings itself goes first. */
function link(from, to) {
  if (!fs.existsSync(from)) return;
  if (!fs.existsSync(to)) fs.symlinkSync(from, to);
  else if (/^(node_modules|@.*)$/.test(path.basename(to))) {
    for (const entry of fs.readdirSync(from)) link(path.join(from, entry), path.join(to, entry));
  }
}

/** What runs a script. A wrong syntax shows when it is deployed. */
function script(file, meta) {
  const fault = syntaxFault(file);
  if (fault !== null) {
    throw Object.assign(new SyntaxError(/^SyntaxError: (.*)$/m.exec(fault[0])?.[1]), { stack: fault[0] });
  }
  const { run, tooLarge } = require("./scripts.cjs");
  return async (event) => {
    const text = stringify(await run(file, event, meta.maxResultBytes));
    if (Buffer.byteLength(text) > meta.maxResultBytes) throw tooLarge(meta.maxResultBytes);
    return text;
  };
}

/** What `node --check` says about a file whose syntax is wrong, as a match whose group is the line; else null. */
function syntaxFault(file) {
  const { spawnSync } = require("node:child_process");
  const check = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  return check.status ? /^\S+:(\d+)\n[^]*?(?=\n\nNode\.js v|$)/.exec(check.stderr ?? "") : null;
}

/** Node doesn't say where an ES module's syntax is wrong, except in the output of `node --check`. */
function located(error, meta) {
  if (/^\S+:\d+\n/.test(error.stack)) return error;
  const files = new Set([meta.file, ...meta.files.map((file) => file.path).filter((name) => /\.[cm]?js$/.test(name))]);
  for (const file of [...files].slice(0, 50)) {
    const where = syntaxFault(path.join(meta.directory, file));
    if (where !== null) {
      error.stack = where[0];
      error.message += ` (${file}, line ${where[1]})`;
      return error;
    }
  }
  return error;
}

/** flags, meta and body of the result frame. */
function answer(result, asValue) {
  if (asValue || result === null || typeof result !== "object" || !Number.isInteger(result.statusCode)) {
    return [0, "", stringify(result) ?? "null"];
  }
  const head = (value) => value ?? undefined;
  const meta = stringify({
    statusCode: result.statusCode,
    headers: head(result.headers),
    multiValueHeaders: head(result.multiValueHeaders),
    cookies: head(result.cookies),
    isBase64Encoded: head(result.isBase64Encoded),
  });
  if (Buffer.byteLength(meta) > META_LIMIT) throw new RangeError(`the response's headers are longer than ${META_LIMIT} bytes`);
  const body = head(result.body);
  return typeof body === "string" || body === undefined
    ? [RESPONSE, meta, body ?? ""]
    : [RESPONSE | JSON_BODY, meta, stringify(body) ?? "null"];
}

function serve(address) {
  let handler = null, isScript = false, output = null, initialised = false, current = null, workers = 0;
  const childrenRunning = childrenWatch();
  const input = Buffer.allocUnsafe(65536);

  /**
   * What runs until it is settled: by the first that does, or by an error that nobody caught. While it waits, the socket doesn't
   * keep the process: see beforeExit. Its end comes a tick later, after the event that tells of a worker that was just started.
   */
  function begin(onSuccess, onError) {
    let end = null;
    const settle = (then) => (value, flags = 0) => {
      if (current !== running || (end !== null && flags !== BUSY)) return;
      if (end === null) nextTick(finish);
      end = () => then(value, flags);
    };
    const finish = () => {
      current = null;
      socket.ref();
      end();
    };
    const running = { done: settle(onSuccess), failed: settle(onError), unanswered: undefined };
    current = running;
    return running;
  }

  function wait(running, promise) {
    promise.then(running.done, running.failed);
    if (current === running) socket.unref();
  }

  function init(meta, body) {
    const refuse = (error) => socket.write(encode(INIT_ERROR, 0, 0, describe(error)));
    if (initialised) {
      return refuse(failure("InitRefused", "this instance has its function: it serves one version for its whole life"));
    }
    initialised = true;
    const running = begin((loaded) => {
      handler = loaded;
      socket.write(encode(READY, 0, 0));
    }, refuse);
    try {
      const parsed = parse(meta.toString());
      isScript = parsed.script;
      output = parsed.outputDirectory;
      wait(running, load(parsed, body).then((find) => find()));
    } catch (error) {
      running.failed(error);
    }
  }

  function invoke(flags, call, meta, body) {
    const busy = () => (workers > 0 || childrenRunning() ? BUSY : 0);
    const send = (kind, flags, meta, body) => socket.write(encode(kind, flags | busy(), call, meta, body));
    let respond = send, event;
    const fail = (error, flags, more) => respond(ERROR, flags, describe(error, more), "");
    try {
      if (!isUtf8(body)) throw new SyntaxError("the event is not UTF-8");
      event = parse(body.toString());
    } catch (error) {
      return fail(error, BAD_EVENT);
    }
    if (flags & FILES) {
      const outputs = require("./outputs.cjs");
      const hindrance = outputs.empty(output);
      if (hindrance !== null) return fail(hindrance, BUSY);
      respond = (...answer) => outputs.send(socket, output, announcer(call)).then(() => send(...answer));
    }
    if (isScript) return invokeScript(body, respond, fail);
    const running = begin((result) => {
      let parts;
      try {
        parts = answer(result, (flags & VALUE) !== 0);
      } catch (error) {
        return fail(error, BAD_RESULT);
      }
      respond(RESULT, parts[0], parts[1], parts[2]);
    }, fail);
    const callback = (error, result) => (error === null || error === undefined ? running.done(result) : running.failed(error));
    try {
      const result = handler(event, new Context(meta.toString()), callback);
      if (typeof result?.then === "function") wait(running, Promise.resolve(result));
      else if (handler.length < 3) running.done(result);
      else if (current === running) {
        running.unanswered = running.done; // as Lambda: a callback that nobody will call any more is an answer of null
        socket.unref();
      }
    } catch (error) {
      running.failed(error);
    }
  }

  function invokeScript(event, respond, fail) {
    const running = begin(
      (text) => respond(RESULT, 0, "", text),
      (error, flags) => fail(error, flags | (error.badResult ? BAD_RESULT : 0), { exitCode: error.exitCode }));
    wait(running, handler(Buffer.from(event)));
  }

  /** What goes before a file's bytes. */
  function announcer(call) {
    return (path, size) => {
      const frame = encode(FILE, 0, call, stringify({ path }));
      frame.writeUInt32BE(frame.length - 4 + size, 0);
      return frame;
    };
  }

  function accept(kind, flags, call, meta, body) {
    if (kind === INIT && flags === 0) init(meta, body);
    else if (kind === INVOKE && flags <= (VALUE | FILES) && handler !== null && current === null) invoke(flags, call, meta, body);
    else throw new Violation(`the gateway sent a frame of kind ${kind} with flags ${flags}, which is not allowed now`);
  }

  process.on("worker", (worker) => {
    workers++;
    worker.once("exit", () => workers--);
  });
  process.on("uncaughtException", (error) => {
    if (current !== null && !(error instanceof Violation)) return current.failed(error, BUSY); // what it left behind is unknown
    fs.writeSync(2, `${parse(describe(error)).stackTrace.join("\n")}\n`);
    process.exit(1);
  });
  process.on("beforeExit", () => {
    if (current?.unanswered) current.unanswered();
    else current?.failed(failure("NeverSettled", "nothing is left that could settle the promise that the function waits for"));
  });

  const received = decoder(accept);
  const socket = net.connect({
    path: address,
    onread: {
      buffer: input,
      callback(length) {
        received(input.subarray(0, length));
        return true;
      },
    },
  });
  socket.on("connect", () => {
    socket.write(encode(HELLO, 0, 0, stringify({ protocol: 1, runtime: `node ${process.versions.node}` })));
    // Node writes to a full pipe in the background, where process.exit would lose it and an answer would overtake it.
    for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);
  });
  socket.on("error", (error) => {
    if (initialised) process.exit(0);
    throw error;
  });
  socket.on("close", () => process.exit(0)); // at once: nothing of the function may hold up the end
}

module.exports = { HELLO, INIT, READY, INIT_ERROR, INVOKE, RESULT, ERROR, FILE, encode, decoder };
if (require.main === module) serve(process.argv[2] ?? SOCKET);
