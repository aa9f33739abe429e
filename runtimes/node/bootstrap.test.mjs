// Runs bootstrap.cjs as an instance does: a process of its own that connects to a real unix socket.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decoder, encode, ERROR, FILE, HELLO, INIT, INIT_ERROR, INVOKE, READY, RESULT } from "./bootstrap.cjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BOOTSTRAP = path.join(HERE, "bootstrap.cjs");
const GOLDEN = JSON.parse(fs.readFileSync(path.join(HERE, "..", "protocol", "golden-frames.json"), "utf8"));
const KINDS = { hello: 1, init: 2, ready: 3, "init-error": 4, invoke: 5, result: 6, error: 7, file: 8 };
const VALUE = 1, FILES = 2, RESPONSE = 1, JSON_BODY = 2, BAD_EVENT = 1, BAD_RESULT = 2, BUSY = 128;

const cleanups = [];
after(() => cleanups.forEach((clean) => clean()));

function temporaryDirectory() {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "nb"));
  cleanups.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The gateway's side of one bootstrap process. */
class Instance {
  static async start(command = [process.execPath]) {
    const instance = new Instance();
    instance.root = temporaryDirectory();
    instance.directory = path.join(instance.root, "task");
    fs.mkdirSync(instance.directory);
    const server = net.createServer({ allowHalfOpen: true });
    server.listen(path.join(instance.root, "s"));
    await once(server, "listening");
    instance.process = spawn(command[0], [...command.slice(1), BOOTSTRAP, path.join(instance.root, "s")], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
      env: { PATH: process.env.PATH, HOME: "/tmp", LANG: "C.UTF-8" },
    });
    cleanups.push(() => {
      instance.process.kill("SIGKILL");
      instance.connection?.destroy(); // which ends a bootstrap that isn't that process itself
    });
    instance.out = instance.err = "";
    instance.process.stdout.setEncoding("utf8").on("data", (text) => (instance.out += text));
    instance.process.stderr.setEncoding("utf8").on("data", (text) => (instance.err += text));
    instance.ended = once(instance.process, "close").then(([code]) => ({ code, out: instance.out, err: instance.err }));
    [instance.connection] = await once(server, "connection");
    server.close();
    instance.answers = [];
    instance.waiting = [];
    const give = (answer) => (instance.waiting.shift() ?? ((late) => instance.answers.push(late)))(answer);
    instance.connection.on("data", decoder((kind, flags, call, meta, body) =>
      give({ kind, flags, call, meta: meta.length ? JSON.parse(meta) : null, body: body.toString() })));
    instance.connection.on("error", () => {});
    instance.connection.on("close", () => give(null));
    instance.connection.on("end", () => instance.connection.end());
    instance.hello = await instance.receive();
    return instance;
  }

  receive() {
    return this.answers.length ? Promise.resolve(this.answers.shift()) : new Promise((resolve) => this.waiting.push(resolve));
  }

  init(files, changes = {}) {
    if (typeof files === "string") files = { "index.js": files };
    const contents = Object.entries(files).map(([name, data]) => [name, Buffer.from(data)]);
    const meta = {
      function: "greet", version: 3, memoryMb: 128, timeoutMs: 30000, directory: this.directory,
      files: contents.map(([name, data]) => ({ path: name, size: data.length })), file: contents[0][0],
      handlers: ["lambda_handler", "handler"], dependencies: null, script: false, maxResultBytes: 6 << 20,
      outputDirectory: path.join(this.root, "output"), env: {}, ...changes,
    };
    this.connection.write(encode(INIT, 0, 0, JSON.stringify(meta), Buffer.concat(contents.map(([, data]) => data))));
    return this.receive();
  }

  call(event = null, { flags = 0, call = 1, meta = "", body = JSON.stringify(event) } = {}) {
    this.connection.write(encode(INVOKE, flags, call, meta && JSON.stringify(meta), body));
    return this.receive();
  }

  /** [the files by their paths, the answer] */
  async callForFiles(event, options) {
    const files = {};
    let answer = await this.call(event, { flags: FILES, ...options });
    for (; answer?.kind === FILE; answer = await this.receive()) files[answer.meta.path] = answer.body;
    return [files, answer];
  }

  mostMemory() {
    return 1024 * /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.process.pid}/status`, "utf8"))[1];
  }

  /** Closes the gateway's end: exit code, stdout and stderr. */
  end() {
    this.connection.destroy();
    return this.ended;
  }
}

async function load(files, changes, command) {
  const instance = await Instance.start(command);
  const answer = await instance.init(files, changes);
  assert.deepEqual(answer, { kind: READY, flags: 0, call: 0, meta: null, body: "" });
  return instance;
}

async function initError(files, changes) {
  const answer = await (await Instance.start()).init(files, changes);
  assert.deepEqual([answer.kind, answer.flags, answer.call, answer.body], [INIT_ERROR, 0, 0, ""]);
  return answer.meta;
}

function value(answer) {
  assert.deepEqual([answer?.kind, answer?.flags, answer?.meta], [RESULT, 0, null], JSON.stringify(answer));
  return JSON.parse(answer.body);
}

const answerOf = async (expression, options) =>
  (await load(`exports.handler = (event, context) => (${expression});`)).call(null, options);
const resultOf = async (code, options, event) => value(await (await load(code)).call(event, options));

describe("golden frames", () => {
  for (const golden of GOLDEN.frames) {
    test(`${golden.name} is encoded as the golden frame`, () => {
      const frame = encode(KINDS[golden.kind], golden.flags, golden.call, golden.meta, Buffer.from(golden.body, "hex"));
      assert.equal(frame.toString("hex"), golden.frame);
    });
    test(`${golden.name} is decoded whole or in pieces`, () => {
      const frame = Buffer.from(golden.frame, "hex");
      for (const piece of [frame.length, 13, 5, 1]) {
        const seen = [];
        const received = decoder((kind, flags, call, meta, body) => seen.push([kind, flags, call, meta.toString(), body.toString("hex")]));
        for (let at = 0; at < frame.length; at += piece) received(frame.subarray(at, at + piece));
        assert.deepEqual(seen, [[KINDS[golden.kind], golden.flags, golden.call, golden.meta, golden.body]]);
      }
    });
  }

  test("all of them are decoded from one piece", () => {
    const names = [];
    decoder((kind) => names.push(kind))(Buffer.from(GOLDEN.frames.map((golden) => golden.frame).join(""), "hex"));
    assert.deepEqual(names, GOLDEN.frames.map((golden) => KINDS[golden.kind]));
  });

  for (const malformed of GOLDEN.malformed) {
    test(`malformed: ${malformed.name} is never answered and ends the process`, async () => {
      const instance = await load("exports.handler = () => 1;");
      instance.connection.end(Buffer.from(malformed.frame, "hex"));
      assert.equal(await instance.receive(), null);
      await instance.ended;
    });
  }

  for (const [name, code, frame] of [
    ["a frame that is longer than 256 MiB is refused before it arrives", "exports.handler = () => 1;", Buffer.from("ffffffff05000000000100000000", "hex")],
    ["a second call while one runs is a violation", "exports.handler = () => new Promise((r) => setTimeout(r, 60_000));",
      Buffer.concat([encode(INVOKE, 0, 1, "", "1"), encode(INVOKE, 0, 2, "", "1")])],
  ]) {
    test(name, async () => {
      const instance = await load(code);
      instance.connection.write(frame);
      assert.equal(await instance.receive(), null);
      const { code: status, err } = await instance.ended;
      assert.equal(status, 1);
      assert.match(err, /allowed/);
    });
  }

  test("a frame of several megabytes arrives whole", async () => {
    assert.equal(await resultOf("exports.handler = (event) => event.length;", {}, "x".repeat(5_000_000)), 5_000_000);
  });
});

describe("starting", () => {
  test("hello says protocol and runtime", async () => {
    const { hello } = await Instance.start();
    assert.deepEqual(hello, { kind: HELLO, flags: 0, call: 0, meta: { protocol: 1, runtime: `node ${process.versions.node}` }, body: "" });
  });

  test("an end of file ends the process though timers and workers run", async () => {
    const instance = await load(`const { Worker } = require("worker_threads");
      exports.handler = () => { setInterval(() => {}, 1000); new Worker("setInterval(() => {}, 1000)", { eval: true }); };`);
    await instance.call();
    assert.deepEqual(await instance.end(), { code: 0, out: "", err: "" });
  });

  test("an end of file before init ends the process", async () => {
    assert.deepEqual(await (await Instance.start()).end(), { code: 0, out: "", err: "" });
  });

  test("an invoke before init is a violation", async () => {
    const instance = await Instance.start();
    assert.equal(await instance.call(), null);
    const { code, err } = await instance.ended;
    assert.equal(code, 1);
    assert.match(err, /not allowed now/);
  });
});

describe("initialising", () => {
  test("a second init is refused and the function stays", async () => {
    const instance = await load("exports.handler = () => 'first';");
    const second = await instance.init("exports.handler = () => 'second';");
    assert.deepEqual([second.kind, second.meta.errorType], [INIT_ERROR, "InitRefused"]);
    assert.equal(value(await instance.call()), "first");
    assert.match(fs.readFileSync(path.join(instance.directory, "index.js"), "utf8"), /first/);
  });

  test("a second init after a failed one is refused", async () => {
    const instance = await Instance.start();
    await instance.init("throw new Error('no')");
    assert.equal((await instance.init("exports.handler = () => 1")).meta.errorType, "InitRefused");
  });

  test("binary and nested files are written as they are", async () => {
    const instance = await load({
      "index.js": "exports.handler = () => [...require('fs').readFileSync('a/b/c.bin')];", "empty.txt": "", "a/b/c.bin": [0, 255, 10, 13],
    });
    assert.deepEqual(value(await instance.call()), [0, 255, 10, 13]);
    assert.equal(fs.statSync(path.join(instance.directory, "empty.txt")).size, 0);
  });

  const kinds = {
    "CommonJS": { "index.js": "const y = require('./y'); exports.handler = (e) => e + y.v;", "y.js": "exports.v = 1;" },
    ".cjs": { "index.cjs": "const y = require('./y.cjs'); module.exports = { handler: (e) => e + y.v };", "y.cjs": "exports.v = 1;" },
    ".mjs": { "index.mjs": "import { v } from './y.mjs'; export const handler = async (e) => e + v;", "y.mjs": "export const v = 1;" },
    "type module": { "index.js": "import { v } from './y.js'; export function handler(e) { return e + v; }", "y.js": "export const v = 1;", "package.json": '{"type":"module"}' },
    "type module on one line": { "index.js": "const h=(e)=>e+1;export{h as handler}", "package.json": '{"type": "module"}' },
    "a default export": { "index.mjs": "export default { handler: (e) => e + 1 };" },
    "a nested file": { "src/app.mjs": "import { v } from '../y.mjs'; export const handler = (e) => e + v;", "y.mjs": "export const v = 1;" },
    "exports that are assigned late": { "index.js": "for (const n of ['handler']) module.exports[n] = (e) => e + 1;" },
    "await at top level": { "index.mjs": "const v = await new Promise((r) => setImmediate(r, 1)); export const handler = (e) => e + v;" },
  };
  for (const [name, files] of Object.entries(kinds)) {
    test(`${name} is loaded`, async () => assert.equal(value(await (await load(files)).call(1)), 2));
  }

  test("the first handler that exists is taken", async () => {
    const both = "exports.handler = () => 'handler'; exports.lambda_handler = () => 'lambda_handler'; exports.other = 1;";
    assert.equal(value(await (await load(both)).call()), "lambda_handler");
    assert.equal(value(await (await load(both, { handlers: ["missing", "other", "handler"] })).call()), "handler");
  });

  test("a missing handler is reported with the names looked for", async () => {
    assert.deepEqual(await initError("exports.something = 1;"), {
      errorType: "HandlerNotFound", errorMessage: "index.js exports none of these functions: lambda_handler, handler", stackTrace: [],
    });
  });

  const wrong = "const a = 1;\nexports.handler = () => {\n  return a +;\n};\n";
  const syntax = {
    "of a CommonJS file": [{ "index.js": wrong }, "index.js"],
    "of a file that is required": [{ "index.js": "require('./lib');", "lib.js": wrong }, "lib.js"],
    "of an ES module": [{ "index.mjs": wrong }, "index.mjs"],
    "of an ES module that is imported": [{ "index.mjs": "import './lib.mjs';", "lib.mjs": wrong }, "lib.mjs"],
    "of a module by its package.json": [{ "index.js": wrong, "package.json": '{"type":"module"}' }, "index.js"],
  };
  for (const [name, [files, culprit]] of Object.entries(syntax)) {
    test(`a syntax error ${name} is reported with file, line and message`, async () => {
      const meta = await initError(files);
      assert.equal(meta.errorType, "SyntaxError");
      assert.match(meta.errorMessage, /^Unexpected token ';'/);
      assert.match(meta.stackTrace[0], new RegExp(`/task/${culprit}:3$`));
      assert.equal(meta.stackTrace[1], "  return a +;");
      assert.doesNotMatch(meta.stackTrace.join("\n"), /node:|bootstrap/);
    });
  }

  test("an import of a missing export names the importing file and line", async () => {
    const meta = await initError({ "index.mjs": "\nimport { no } from './y.mjs';", "y.mjs": "" });
    assert.match(meta.stackTrace.join("\n"), /index\.mjs:2\n/);
    assert.match(meta.errorMessage, /does not provide an export named 'no'/);
  });

  test("an error while loading has the user's stack and nothing else", async () => {
    const meta = await initError({ "index.js": "require('./lib');", "lib.js": "\nnull.x;" });
    assert.equal(meta.errorType, "TypeError");
    assert.match(meta.stackTrace.join("\n"), /lib\.js:2:6.*\n.*index\.js:1:1/s);
    assert.doesNotMatch(meta.stackTrace.join("\n"), /node:|bootstrap/);
  });

  test("a missing package and a missing file are init errors that name them", async () => {
    assert.match((await initError("require('does-not-exist')")).errorMessage, /does-not-exist/);
    assert.match((await initError({ "index.mjs": "import 'does-not-exist'" })).errorMessage, /does-not-exist/);
    assert.match((await initError("", { file: "other.js" })).errorMessage, /other\.js/);
  });

  test("an error that is thrown beside the loading is an init error", async () => {
    assert.equal((await initError({ "index.mjs": "process.nextTick(() => { throw new RangeError('x'); }); await new Promise(() => {});" })).errorType, "RangeError");
  });

  test("a module that never finishes loading is an init error", async () => {
    assert.equal((await initError({ "index.mjs": "await new Promise(() => {});" })).errorType, "NeverSettled");
  });

  test("variables are set before the function is loaded", async () => {
    const instance = await load("const a = process.env.A; exports.handler = () => [a, new Date(0).getHours()];", { env: { A: "ü=1", TZ: "Asia/Tokyo" } });
    assert.deepEqual(value(await instance.call()), ["ü=1", 9]);
  });

  test("the function sees its directory and its own arguments", async () => {
    const instance = await load("exports.handler = () => [process.cwd(), process.argv.slice(1), __filename];");
    const main = path.join(instance.directory, "index.js");
    assert.deepEqual(value(await instance.call()), [instance.directory, [main], main]);
  });

  function dependencies(...names) {
    const directory = temporaryDirectory();
    for (const name of names) {
      const home = path.join(directory, "node_modules", name);
      fs.mkdirSync(home, { recursive: true });
      fs.writeFileSync(path.join(home, "index.js"), `exports.from = 'dependency ${name}';`);
    }
    return directory;
  }

  test("dependencies are found by require and by import", async () => {
    const changes = { dependencies: dependencies("lib", "@scope/lib") };
    const files = [
      { "index.js": "exports.handler = () => [require('lib').from, require('@scope/lib').from];" },
      { "a/index.mjs": "import lib from 'lib'; import scoped from '@scope/lib'; export const handler = () => [lib.from, scoped.from];" },
    ];
    for (const each of files) {
      assert.deepEqual(value(await (await load(each, changes)).call()), ["dependency lib", "dependency @scope/lib"]);
    }
  });

  test("what the function brings itself goes before its dependencies", async () => {
    const instance = await load({
      "index.js": "exports.handler = () => ['lib', 'own', '@scope/lib', '@scope/own'].map((name) => require(name).from);",
      "node_modules/own/index.js": "exports.from = 'own';",
      "node_modules/@scope/own/index.js": "exports.from = 'own';",
    }, { dependencies: dependencies("lib", "own", "@scope/lib", "@scope/own") });
    assert.deepEqual(value(await instance.call()), ["dependency lib", "own", "dependency @scope/lib", "own"]);
  });

  test("a dependency directory without packages is no error", async () => {
    await load("exports.handler = () => 1;", { dependencies: temporaryDirectory() });
  });
});

describe("calling", () => {
  const META = {
    requestId: "r-1", deadlineMs: 32503680000000, traceparent: "00-a-b-01", http: {
      method: "GET", path: "/api/orders/7", headers: { "x-city": "Zürich" }, query: { tag: ["a", "b"] }, pathParameters: { id: "7" }, clientAddress: "127.0.0.1",
    },
  };

  test("the answer carries the call's id", async () => {
    const instance = await load("exports.handler = (event) => event;");
    for (const call of [1, 2, 0x80000000, 0xffffffff]) assert.equal((await instance.call(1, { call })).call, call);
  });

  test("the event is given as JSON.parse reads it", async () => {
    const event = { a: [1, 2.5, null, true], "ü": "🚀" };
    assert.deepEqual(await resultOf("exports.handler = (event) => event;", {}, event), event);
  });

  test("the context speaks both spellings", async () => {
    const seen = await resultOf(`exports.handler = (e, c) => [c.requestId, c.awsRequestId, c.functionName, c.version, c.functionVersion,
      c.memoryLimitMb, c.memoryLimitInMB, c.deadlineMs, c.traceparent, c.invokedFunctionArn, c.logGroupName, c.callbackWaitsForEmptyEventLoop];`, { meta: META });
    assert.deepEqual(seen, ["r-1", "r-1", "greet", 3, "3", 128, 128, 32503680000000, "00-a-b-01",
      "arn:aws:lambda:local:000000000000:function:greet:3", "/aws/lambda/greet", true]);
  });

  test("the context has what an AWS client says of itself", async () => {
    const clientContext = { client: { app_title: "shop" }, custom: { a: 1 } };
    const instance = await load("exports.handler = (e, context) => context.clientContext ?? null;");
    assert.deepEqual(value(await instance.call(null, { meta: { ...META, clientContext } })), clientContext);
    assert.deepEqual(value(await instance.call()), null);
  });

  test("the context has the HTTP request, if there was one", async () => {
    const instance = await load("exports.handler = (e, context) => [context.http ?? null, context.requestId];");
    assert.deepEqual(value(await instance.call(null, { meta: META })), [META.http, "r-1"]);
    assert.deepEqual(value(await instance.call()), [null, ""]);
  });

  test("remaining time counts down to the deadline and never below zero", async () => {
    const instance = await load("exports.handler = (e, context) => context.getRemainingTimeInMillis();");
    const remaining = value(await instance.call(null, { meta: { deadlineMs: Date.now() + 60_000 } }));
    assert.ok(remaining > 20_000 && remaining <= 60_000, String(remaining));
    assert.equal(value(await instance.call(null, { meta: { deadlineMs: 1 } })), 0);
  });

  test("each call sees its own context, also when it is read late", async () => {
    const instance = await load("const kept = []; exports.handler = (e, c) => { kept.push(c); return e ? kept.map((k) => k.requestId) : 0; };");
    await instance.call(0, { meta: { requestId: "a" } });
    assert.deepEqual(value(await instance.call(1, { meta: { requestId: "b" } })), ["a", "b"]);
  });

  const styles = {
    "a value": "(e) => e + 1", "a promise": "(e) => new Promise((r) => setImmediate(r, e + 1))", "an async function": "async (e) => e + 1",
    "a thenable": "(e) => ({ then: (done) => done(e + 1) })", "a callback": "(e, c, callback) => { setTimeout(callback, 1, null, e + 1); return 7; }",
    "a callback at once": "(e, c, callback) => callback(null, e + 1)", "a callback among the rest": "(...all) => { all[2](undefined, all[0] + 1); }",
    "a promise beside a callback": "async (e, c, callback) => e + 1",
  };
  for (const [name, handler] of Object.entries(styles)) {
    test(`a handler may answer by ${name}`, async () => assert.equal(await resultOf(`exports.handler = ${handler};`, {}, 1), 2));
  }

  test("only the first answer of a call counts", async () => {
    const instance = await load("exports.handler = (e, c, callback) => { callback(null, e); callback(null, 'again'); callback(new Error('x')); throw new Error('y'); };");
    assert.deepEqual([value(await instance.call(1)), value(await instance.call(2))], [1, 2]);
  });

  test("a callback's error is the call's error", async () => {
    const answer = await (await load("exports.handler = (e, c, callback) => callback(new TypeError('no'));")).call();
    assert.deepEqual([answer.kind, answer.meta.errorType, answer.meta.errorMessage], [ERROR, "TypeError", "no"]);
  });

  test("a callback that nobody will call any more is an answer of null", async () => {
    assert.equal(await resultOf("exports.handler = (e, c, callback) => { setTimeout(() => {}, 1); };"), null);
  });

  test("a promise that nobody will settle any more is an error", async () => {
    const instance = await load("exports.handler = (e) => e ? new Promise(() => {}) : 1;");
    const answer = await instance.call(1);
    assert.deepEqual([answer.kind, answer.meta.errorType], [ERROR, "NeverSettled"]);
    assert.equal(value(await instance.call(0)), 1);
  });

  test("a body that is not JSON is a bad event and the handler does not run", async () => {
    const instance = await load("const calls = []; exports.handler = (e) => { calls.push(e); return calls; };");
    const bodies = ["", "{", "hello", Buffer.from([0x22, 0xff, 0x22]), "NaN", "[Infinity]", "\ufeff{}", "[".repeat(100_000), "{} {}"];
    for (const body of bodies) {
      const answer = await instance.call(null, { body });
      assert.deepEqual([answer.kind, answer.flags], [ERROR, BAD_EVENT], String(body).slice(0, 10));
    }
    assert.deepEqual(value(await instance.call(1)), [1]);
  });
});

describe("answering", () => {
  for (const expression of ["'ok'", "({ a: [1, 2.5, null, true], 'ü': '🚀' })", "null", "1", "NaN", "'\\ud800'", "new Date(0)", "[undefined]"]) {
    test(`${expression} is the text of JSON.stringify`, async () => {
      assert.deepEqual(await answerOf(expression), { kind: RESULT, flags: 0, call: 1, meta: null, body: JSON.stringify(eval(expression)) });
    });
  }

  for (const expression of ["undefined", "() => 1", "Symbol()"]) {
    test(`${expression}, which has no JSON, is null`, async () => assert.equal(value(await answerOf(expression)), null));
  }

  test("a status code makes a response whose text is sent as it is", async () => {
    const head = { statusCode: 201, headers: { a: "ü" }, multiValueHeaders: { b: ["1", "2"] }, cookies: ["c=d"], isBase64Encoded: true };
    const answer = await answerOf(JSON.stringify({ ...head, body: "héllo", other: 1 }));
    assert.deepEqual(answer, { kind: RESULT, flags: RESPONSE, call: 1, meta: head, body: "héllo" });
  });

  for (const rest of ["", ", body: null, headers: null", ", body: ''", ", body: undefined"]) {
    test(`a response with nothing but a status code${rest} is empty`, async () => {
      assert.deepEqual(await answerOf(`{ statusCode: 204${rest} }`), { kind: RESULT, flags: RESPONSE, call: 1, meta: { statusCode: 204 }, body: "" });
    });
  }

  for (const body of [{ a: "ü" }, [1], 7, 0, false]) {
    test(`the body ${JSON.stringify(body)}, which is no text, is JSON`, async () => {
      const answer = await answerOf(JSON.stringify({ statusCode: 200, body }));
      assert.deepEqual([answer.flags, answer.body], [RESPONSE | JSON_BODY, JSON.stringify(body)]);
    });
  }

  for (const code of [true, "200", 200.5, null]) {
    test(`the status code ${JSON.stringify(code)} makes no response`, async () => {
      const answer = await answerOf(JSON.stringify({ statusCode: code }));
      assert.deepEqual([answer.flags, answer.meta], [0, null]);
    });
  }

  test("the flag value asks for the object itself", async () => {
    const answer = await answerOf("{ statusCode: 200, body: 'x' }", { flags: VALUE });
    assert.deepEqual([answer.flags, answer.meta, answer.body], [0, null, '{"statusCode":200,"body":"x"}']);
  });

  const refused = {
    "a BigInt": "10n", "a cycle": "(() => { const a = {}; a.a = a; return a; })()", "a toJSON that throws": "{ toJSON() { throw 1; } }",
    "a BigInt in a response": "{ statusCode: 200, body: { a: 1n } }", "a getter that throws": "{ get statusCode() { throw new Error('x'); } }",
    "headers of a megabyte": "{ statusCode: 200, headers: { a: 'x'.repeat(1 << 20) } }",
    "an endless nesting": "Array.from({ length: 100000 }).reduce((a) => [a], 1)",
  };
  for (const [name, expression] of Object.entries(refused)) {
    test(`${name} is a bad result`, async () => {
      const answer = await answerOf(expression);
      assert.deepEqual([answer.kind, answer.flags, answer.body], [ERROR, BAD_RESULT, ""]);
      assert.ok(answer.meta.errorMessage);
    });
  }

  test("the instance goes on after each kind of answer", async () => {
    const instance = await load("exports.handler = async (e) => { if (e === 'throw') throw new Error(e); return e === 'bad' ? 1n : e; };");
    const kinds = [];
    for (const event of ["throw", "bad", "fine", "throw", "fine"]) kinds.push((await instance.call(event)).kind);
    assert.deepEqual(kinds, [ERROR, ERROR, RESULT, ERROR, RESULT]);
  });
});

describe("failing", () => {
  const failure = async (code) => {
    const answer = await (await load(code)).call();
    assert.deepEqual([answer.kind, answer.call, answer.body], [ERROR, 1, ""]);
    assert.ok(Buffer.byteLength(JSON.stringify(answer.meta)) < 64 * 1024);
    return answer;
  };

  for (const style of ["", "async "]) {
    test(`an error of ${style || "a plain "}function has type, message and the user's stack`, async () => {
      const { meta, flags } = await failure(`function inner() {\n  throw new RangeError("zu groß");\n}\nexports.handler = ${style}() => inner();`);
      assert.deepEqual([flags, meta.errorType, meta.errorMessage, meta.stackTrace.length], [0, "RangeError", "zu groß", 3]);
      assert.equal(meta.stackTrace[0], "RangeError: zu groß");
      assert.match(meta.stackTrace[1], /at inner \(.*\/task\/index\.js:2:9\)$/);
      assert.match(meta.stackTrace[2], /\/task\/index\.js:4:/);
    });
  }

  test("a cause is told", async () => {
    const { meta } = await failure("exports.handler = () => { throw new Error('outer', { cause: new TypeError('inner') }); };");
    assert.match(meta.stackTrace.join("\n"), /Error: outer\n.*\nCaused by: TypeError: inner\n.*index\.js/);
  });

  test("whatever is thrown is an error", async () => {
    const thrown = { "'text'": ["string", "text"], "null": ["object", "null"], "undefined": ["undefined", "undefined"], "{ name: 'Odd', message: 'm' }": ["Odd", "m"] };
    for (const [expression, expected] of Object.entries(thrown)) {
      const { meta } = await failure(`exports.handler = () => { throw ${expression}; };`);
      assert.deepEqual([meta.errorType, meta.errorMessage], expected);
    }
  });

  test("an error that can't be described is still answered", async () => {
    const hostile = ["new Proxy({}, { get() { throw 1; }, has() { throw 1; } })", "Object.create(null)", "Object.defineProperty(new Error(), 'message', { get() { throw 1; } })",
      "Object.assign(new Error('x'), { stack: 7, name: Symbol() })"];
    for (const expression of hostile) await failure(`exports.handler = async () => { throw ${expression}; };`);
  });

  test("endless recursion is an error", async () => {
    assert.equal((await failure("const f = () => f() + 1; exports.handler = f;")).meta.errorType, "RangeError");
  });

  test("an endless message is cut", async () => {
    assert.match((await failure("exports.handler = () => { throw new Error('🚀'.repeat(3e6)); };")).meta.errorMessage, /^🚀🚀/u);
  });

  test("an exception outside of the handler's promise fails the call and the instance", async () => {
    for (const code of ["setImmediate(() => { throw new RangeError('late'); })", "Promise.reject(new RangeError('late'))"]) {
      const { flags, meta } = await failure(`exports.handler = () => { ${code}; return new Promise(() => {}); };`);
      assert.deepEqual([flags, meta.errorType, meta.errorMessage], [BUSY, "RangeError", "late"]);
      assert.match(meta.stackTrace.join("\n"), /index\.js/);
    }
  });

  test("an exception between two calls ends the process with its stack", async () => {
    const instance = await load("exports.handler = () => { setImmediate(() => { throw new Error('late'); }); };");
    assert.equal(value(await instance.call()), null);
    const { code, err } = await instance.ended;
    assert.equal(code, 1);
    assert.match(err, /Error: late\n.*index\.js:1/);
  });

  test("process.exit in a handler ends the process", async () => {
    const instance = await load("exports.handler = () => { console.log('bye'); process.exit(7); };");
    assert.equal(await instance.call(), null);
    assert.deepEqual(await instance.ended, { code: 7, out: "bye\n", err: "" });
  });
});

describe("printing", () => {
  test("a large output is in the pipe before process.exit ends the process", async () => {
    const instance = await load("exports.handler = () => { for (let i = 0; i < 300; i++) console.log('x'.repeat(9999)); process.exit(0); };");
    await instance.call();
    assert.equal((await instance.ended).out.length, 3_000_000);
  });

  test("what was printed is in the pipe before the answer", async () => {
    const instance = await load("exports.handler = async () => { console.log('line'); process.stdout.write('part'); console.error('err'); };");
    instance.process.stdout.pause().removeAllListeners("data");
    await instance.call();
    instance.process.kill("SIGKILL"); // nothing that is still inside the process gets out any more
    instance.process.stdout.on("data", (text) => (instance.out += text));
    const { out, err } = await instance.ended;
    assert.deepEqual([out, err], ["line\npart", "err\n"]);
  });

  test("a replaced or closed stdout does not hinder the answer", async () => {
    for (const spoil of ["process.stdout.write = () => { throw 1; }", "process.stdout.destroy()", "require('fs').closeSync(1)", "globalThis.console = null"]) {
      assert.equal(await resultOf(`exports.handler = () => { ${spoil}; return 1; };`), 1);
    }
  });
});

describe("busy", () => {
  const flags = async (code, command) => (await (await load(`const { Worker } = require("worker_threads"), { once } = require("events"), child = require("child_process");
    exports.handler = async (event) => { ${code} };`, {}, command)).call()).flags;

  test("a running worker makes the instance busy", async () => {
    assert.equal(await flags("new Worker('setInterval(() => {}, 1000)', { eval: true });"), BUSY);
  });
  test("a worker that has ended does not", async () => {
    assert.equal(await flags("await once(new Worker('', { eval: true }), 'exit');"), 0);
    assert.equal(await flags("await new Worker('setInterval(() => {}, 1000)', { eval: true }).terminate();"), 0);
  });
  test("a running child makes the instance busy, on errors too", async () => {
    for (const end of ["return p.pid", "throw new Error(p.pid)"]) {
      const instance = await load(`exports.handler = () => { const p = require("child_process").spawn("sleep", ["1000"]); ${end}; };`);
      const answer = await instance.call();
      process.kill(Number(answer.meta?.errorMessage ?? answer.body), "SIGKILL");
      assert.equal(answer.flags, BUSY);
    }
  });
  test("children that have ended do not", async () => {
    assert.equal(await flags("child.execSync('true'); await once(child.spawn('true'), 'exit');"), 0);
  });
  test("the file and name lookups' own threads do not", async () => {
    assert.equal(await flags("await require('fs/promises').readFile(__filename); await require('dns/promises').lookup('localhost');"), 0);
  });
  test("an orphan that the init process took over makes the instance busy", async () => {
    // Python plays the instance's init process: Node can't make itself one that takes over orphans.
    const init = "import ctypes, subprocess, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); sys.exit(subprocess.call(sys.argv[1:]))";
    const instance = await load(`exports.handler = () => Number(require("child_process").execSync("setsid sleep 1000 >/dev/null 2>&1 & echo $!"));`, {},
      ["python3", "-c", init, process.execPath]);
    const answer = await instance.call();
    process.kill(Number(answer.body), "SIGKILL");
    assert.equal(answer.flags, BUSY);
    await instance.end();
  });
  test("a program that is started inherits no socket", async () => {
    const instance = await load("exports.handler = () => require('child_process').execSync('ls -l /proc/self/fd').toString();");
    assert.doesNotMatch(value(await instance.call()).split("\n").filter((line) => / [3-9]\d* -> | \d\d+ -> /.test(line)).join("\n"), /socket:/);
  });
});

describe("scripts", () => {
  const script = (files, changes, command) => load(files, { script: true, ...changes }, command);
  // Python plays the instance's init process: Node can't make itself one that takes over orphans.
  const INIT = ["python3", "-c", "import ctypes, subprocess, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); sys.exit(subprocess.call(sys.argv[1:]))", process.execPath];

  function failure(answer, flags = 0) {
    assert.deepEqual([answer?.kind, answer?.flags, answer?.body], [ERROR, flags, ""], JSON.stringify(answer));
    return answer.meta;
  }

  test("what it prints is its result and is on the record", async () => {
    const instance = await script("console.log('grüße 🚀'); process.stdout.write('two');");
    assert.equal(value(await instance.call()), "grüße 🚀\ntwo");
    instance.connection.destroy();
    assert.equal((await instance.ended).out, "grüße 🚀\ntwo");
  });

  for (const [name, code] of Object.entries({
    "index.mjs": "import fs from 'node:fs'; const all = fs.readFileSync(0, 'utf8'); await null; console.log(all + process.env.PAYLOAD);",
    "index.js": "console.log(require('fs').readFileSync(0, 'utf8') + process.env.PAYLOAD);",
    "src/index.cjs": "console.log(require('fs').readFileSync(0, 'utf8') + process.env.PAYLOAD);",
  })) {
    test(`the event is on the stdin of ${name} and in its PAYLOAD, byte for byte`, async () => {
      assert.equal(value(await (await script({ [name]: code })).call(null, { body: '{"ü": 1.0}' })), '{"ü": 1.0}{"ü": 1.0}\n');
    });
  }

  test("an event that no variable can hold is on stdin alone", async () => {
    const instance = await script("console.log(require('fs').readFileSync(0).length, process.env.PAYLOAD?.length);");
    const fits = (128 << 10) - "PAYLOAD=\0".length;
    assert.equal(value(await instance.call("x".repeat(fits - 2))), `${fits} ${fits}\n`);
    assert.equal(value(await instance.call("x".repeat(fits - 1))), `${fits + 1} undefined\n`);
    assert.equal(value(await instance.call("x".repeat(5_000_000))), "5000002 undefined\n");
  });

  for (const name of ["index.js", "index.mjs"]) {
    test(`a wrong syntax of ${name} is an init error`, async () => {
      const meta = await initError({ [name]: "\nconst a = +;" }, { script: true });
      assert.deepEqual([meta.errorType, meta.errorMessage], ["SyntaxError", "Unexpected token ';'"]);
      assert.match(meta.stackTrace[0], new RegExp(`/task/${name}:2$`));
    });
  }

  test("each call is a process of its own, and nothing runs before", async () => {
    const instance = await script("console.log(process.pid);");
    assert.notEqual(value(await instance.call()), value(await instance.call()));
    assert.equal((await instance.end()).out.split("\n").length, 3);
  });

  test("it finds its directory, its variables and the libraries", async () => {
    const dependencies = temporaryDirectory();
    fs.mkdirSync(path.join(dependencies, "node_modules/shout"), { recursive: true });
    fs.writeFileSync(path.join(dependencies, "node_modules/shout/index.js"), "module.exports = 'library';");
    const instance = await script("console.log(require('shout'), process.cwd(), process.env.GREETING, require.main === module);", { dependencies, env: { GREETING: "good day" } });
    assert.equal(value(await instance.call()), `library ${instance.directory} good day true\n`);
  });

  test("an exit code is an error and the next call works", async () => {
    const instance = await script("console.log('so far'); process.exitCode = Number(process.env.PAYLOAD);");
    assert.deepEqual(failure(await instance.call(3)), { errorType: "ScriptError", errorMessage: "exit code 3", stackTrace: [], exitCode: 3 });
    assert.equal(value(await instance.call(0)), "so far\n");
  });

  test("an uncaught error is on stderr and an exit code", async () => {
    const instance = await script("null.x;");
    assert.equal(failure(await instance.call()).exitCode, 1);
    assert.match((await instance.end()).err, /TypeError: /);
  });

  test("a signal counts 128 more", async () => {
    assert.equal(failure(await (await script("process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 1000);")).call()).exitCode, 143);
  });

  test("a killed script takes the instance along", async () => {
    const instance = await script("require('fs').writeSync(1, 'before'); process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 1000);");
    assert.equal(await instance.call(), null);
    await instance.ended;
    assert.deepEqual([instance.process.signalCode, instance.out], ["SIGKILL", "before"]);
  });

  test("a body that is not JSON is a bad event and it doesn't run", async () => {
    const instance = await script("console.log('ran');");
    for (const body of ["", "{", Buffer.from([0xff])]) failure(await instance.call(null, { body }), BAD_EVENT);
    assert.equal((await instance.end()).out, "");
  });

  test("output that is not UTF-8 is replaced", async () => {
    assert.equal(value(await (await script("require('fs').writeSync(1, Buffer.from([97, 255, 98]));")).call()), "a\ufffdb");
  });

  test("whoever doesn't read a large event is answered", async () => {
    for (const code of ["console.log('done');", "require('fs').closeSync(0); console.log('done');", "const fs = require('fs'); fs.readSync(0, Buffer.alloc(10)); fs.closeSync(0); console.log('done');"]) {
      assert.equal(value(await (await script(code)).call("x".repeat(3_000_000))), "done\n");
    }
  });

  test("it may print while it reads", async () => {
    assert.equal(value(await (await script("process.stdin.pipe(process.stdout);")).call("x".repeat(3_000_000))), `"${"x".repeat(3_000_000)}"`);
  });

  test("a script that closes its stdout is waited for", async () => {
    const instance = await script("const fs = require('fs'); fs.writeSync(1, 'first'); fs.closeSync(1); setTimeout(() => process.exit(4), 50);");
    assert.equal(failure(await instance.call()).exitCode, 4);
  });

  for (const [what, daemon] of Object.entries({ "is silent": "exec sleep 1000", "prints for ever": "while :; do echo spam; done" })) {
    test(`a daemon that keeps stdout open and ${what} doesn't hold up the answer`, async () => {
      const instance = await script(`const { execFileSync } = require("child_process");
        console.log("from the script");
        execFileSync("sh", ["-c", "setsid sh -c 'echo $$ > pid; ${daemon}' & while ! [ -s pid ]; do :; done"], { stdio: "inherit" });`, {}, INIT);
      const answer = await instance.call();
      try {
        process.kill(Number(fs.readFileSync(path.join(instance.directory, "pid"))), "SIGKILL");
      } catch {} // one that prints may have ended by itself: nobody reads any more
      assert.equal(answer.kind, RESULT);
      if (what === "is silent") assert.equal(answer.flags, BUSY);
      assert.match(JSON.parse(answer.body), /^from the script\n/);
      await instance.end();
    });
  }

  test("endless output ends it and is not kept", async () => {
    const instance = await script("const fs = require('fs'); for (;;) fs.writeSync(1, 'x'.repeat(65536));");
    const before = instance.mostMemory();
    assert.equal(failure(await instance.call(), BAD_RESULT).errorType, "ResultTooLarge");
    assert.ok(instance.mostMemory() - before < 60 << 20);
  });

  test("the limit holds for the JSON too", async () => {
    const changes = { maxResultBytes: 1000 };
    assert.equal(value(await (await script("process.stdout.write('x'.repeat(998));", changes)).call()), "x".repeat(998));
    for (const code of ["process.stdout.write('x'.repeat(999));", "process.stdout.write('\\0'.repeat(200));"]) {
      assert.equal(failure(await (await script(code, changes)).call(), BAD_RESULT).errorType, "ResultTooLarge");
    }
  });

  test("what it printed is in the pipe while it runs", async () => {
    const instance = await script("console.log(process.pid); setInterval(() => {}, 1000);");
    const answer = instance.call();
    await once(instance.process.stdout, "data");
    process.kill(Number(instance.out), "SIGTERM");
    assert.equal(failure(await answer).exitCode, 143);
  });

  test("it inherits no socket but its own pipes", async () => {
    const listed = value(await (await script("require('child_process').execSync('ls -l /proc/$PPID/fd', { stdio: 'inherit' });")).call());
    assert.equal(listed.split("\n").filter((line) => / [012] -> socket:/.test(line)).length, 2 + 1);
    assert.doesNotMatch(listed.split("\n").filter((line) => !/ [012] -> /.test(line)).join("\n"), /socket:/);
  });
});

describe("output files", () => {
  const WRITE = `const fs = require("fs"), path = require("path"), here = process.env.OUTPUT_DIR;
    const write = (name, data = "x") => {
      const file = Buffer.concat([Buffer.from(here + "/"), Buffer.from(name)]);
      fs.mkdirSync(path.dirname(file.toString("latin1")), { recursive: true });
      fs.writeFileSync(file, data);
    };`;
  const withFiles = (body, changes) => load(`${WRITE}\nexports.handler = (event) => { ${body} };`, changes);

  test("all files come before the answer", async () => {
    const instance = await withFiles("write('b.txt', 'grüße'); write('a/b/c'); write('empty', ''); return 1;");
    const [files, answer] = await instance.callForFiles();
    assert.deepEqual(Object.entries(files), [["a/b/c", "x"], ["b.txt", "grüße"], ["empty", ""]]);
    assert.equal(value(answer), 1);
  });

  test("a call that was not asked for files sends none and keeps them", async () => {
    const instance = await withFiles("write(event); return fs.readdirSync(here);");
    assert.deepEqual(value(await instance.call("a")), ["a"]);
    assert.deepEqual(value(await instance.call("b")), ["a", "b"]);
  });

  test("what an earlier call left is gone, whatever its modes", async () => {
    const instance = await withFiles(`write(event + "/deep/er", event); fs.symlinkSync("/etc/passwd", here + "/" + event + "/link");
      fs.writeFileSync(Buffer.concat([Buffer.from(here + "/"), Buffer.from([255])]), "");
      for (const name of ["/deep", "", "/.."]) fs.chmodSync(here + "/" + event + name, 0o500);`);
    for (const name of ["a", "b"]) assert.deepEqual((await instance.callForFiles(name))[0], { [`${name}/deep/er`]: name });
  });

  test("errors and bad results come with files too", async () => {
    for (const [end, flags] of [["throw new Error()", 0], ["return 1n", BAD_RESULT]]) {
      const [files, answer] = await (await withFiles(`write("a"); ${end};`)).callForFiles();
      assert.deepEqual([files, answer.kind, answer.flags], [{ a: "x" }, ERROR, flags]);
    }
  });

  test("a bad event comes without files", async () => {
    const [files, answer] = await (await withFiles("write('a');")).callForFiles(null, { body: "{" });
    assert.deepEqual([files, answer.kind, answer.flags], [{}, ERROR, BAD_EVENT]);
  });

  test("what is no regular file is left out and named", async () => {
    const instance = await withFiles(`write("real"); require("child_process").execSync("mkfifo fifo", { cwd: here });
      fs.symlinkSync("/etc/passwd", here + "/link"); fs.symlinkSync("/etc", here + "/directory"); fs.symlinkSync("nowhere", here + "/dangling");`);
    assert.deepEqual((await instance.callForFiles())[0], { real: "x" });
    assert.deepEqual((await instance.end()).err.trim().split("\n"), ["dangling left out: it is a link", "directory left out: it is a link",
      "fifo left out: it is no regular file", "link left out: it is a link"].map((line) => `output file ${line}`));
  });

  test("names that the gateway refuses are left out", async () => {
    const instance = await withFiles(`for (const name of ["line\\nbreak", "back\\\\slash", [255], "c1\\u0085", "a".repeat(100) + "/" + "b".repeat(100)]) write(name);
      write("a".repeat(100) + "/" + "b".repeat(99)); write("🚀".repeat(60));`);
    assert.deepEqual(Object.keys((await instance.callForFiles())[0]), [`${"a".repeat(100)}/${"b".repeat(99)}`, "🚀".repeat(60)]);
    assert.equal((await instance.end()).err.trim().split("\n").length, 5);
  });

  test("a hundred files are sent and the rest is named within reason", async () => {
    const instance = await withFiles("for (let i = 0; i < 250; i++) write(String(1000 + i));");
    assert.deepEqual(Object.keys((await instance.callForFiles())[0]), Array.from({ length: 100 }, (_, i) => String(1000 + i)));
    const lines = (await instance.end()).err.trim().split("\n");
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [101, "output file 1100 left out: at most 100 files are taken", "50 more output files left out"]);
  });

  test("no more than 32 MiB are sent and they take no memory", async () => {
    const instance = await withFiles(`for (const [name, size] of [["a", 31 << 20], ["b", 1 << 20], ["c", 1], ["d", 0]]) {
        fs.writeFileSync(here + "/" + name, "");
        fs.truncateSync(here + "/" + name, size);
      }`);
    await instance.call();
    const before = instance.mostMemory();
    const [files] = await instance.callForFiles();
    assert.deepEqual(Object.values(files).map((file) => file.length), [31 << 20, 1 << 20, 0]);
    assert.ok(instance.mostMemory() - before < 20 << 20);
    assert.equal((await instance.end()).err, "output file c left out: all files together may have 32 MiB\n");
  });

  test("a directory that is gone or something else is an empty one for the next call", async () => {
    for (const spoil of ["", "fs.symlinkSync('/etc', here)", "fs.writeFileSync(here, '')"]) {
      const instance = await withFiles(`if (!event) return write("a"); fs.rmSync(here, { recursive: true }); ${spoil};`);
      assert.deepEqual((await instance.callForFiles(true))[0], {});
      const [files, answer] = await instance.callForFiles(false);
      assert.deepEqual([files, answer.kind, answer.flags], [{ a: "x" }, RESULT, 0]);
    }
  });

  test("files that can't be removed go to nobody", async () => {
    const instance = await withFiles("process.chdir(here); for (let i = 0; i < 3000; i++) { fs.mkdirSync('deep'); process.chdir('deep'); }");
    await instance.call();
    const [files, answer] = await instance.callForFiles();
    assert.deepEqual([files, answer.kind, answer.flags], [{}, ERROR, BUSY]);
    execFileSync("rm", ["-rf", instance.root]); // paths are too long for Node to remove
  });

  test("a script leaves files too", async () => {
    const instance = await load(`${WRITE} write("a", "from a script"); process.exitCode = 2;`, { script: true });
    const [files, answer] = await instance.callForFiles();
    assert.deepEqual([files, answer.meta.exitCode], [{ a: "from a script" }, 2]);
  });
});
