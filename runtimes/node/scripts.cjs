// Runs a script: a fresh process for each call. Loaded for scripts alone, so no user code is in this process.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const WORD_LIMIT = 128 << 10; // of the kernel, for one variable with its name and its end

/**
 * Runs one call. Resolves to what the script has printed, or rejects with the error of the call: with `exitCode` where it has ended
 * badly, with `badResult` where it has printed more than `maxResult` bytes.
 *
 * @param event JSON, as bytes that stay as they are
 */
function run(file, event, maxResult) {
  return new Promise((resolve, reject) => {
    const fits = event.length + "PAYLOAD=\0".length <= WORD_LIMIT;
    const env = fits ? { ...process.env, PAYLOAD: event.toString() } : process.env;
    const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"], env });
    const kept = [];
    let length = 0;
    child.on("error", reject); // it can't be started
    child.stdin.on("error", () => {}); // it need not read
    child.stdin.end(event);
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      length += chunk.length;
      if (length <= maxResult) return kept.push(chunk);
      child.stdout.destroy();
      child.kill("SIGKILL");
    });
    // All that it has printed is in the pipe when it has ended, and the next turn of the event loop reads that. The pipe's own end
    // may never come: a daemon may keep it open.
    child.on("exit", (code, signal) => setImmediate(() => setImmediate(() => {
      child.stdout.destroy();
      if (length > maxResult) return reject(tooLarge(maxResult));
      // The kernel does this when memory runs out, which the gateway can tell from how this process ends.
      if (signal === "SIGKILL") process.kill(process.pid, "SIGKILL");
      const exitCode = code ?? 128 + constants.signals[signal];
      if (exitCode !== 0) return reject(Object.assign(failure("ScriptError", `exit code ${exitCode}`), { exitCode }));
      resolve(Buffer.concat(kept).toString());
    })));
  });
}

const tooLarge = (maxResult) => Object.assign(
  failure("ResultTooLarge", `the script printed more than the ${maxResult} bytes that are allowed`), { badResult: true });

function failure(name, message) {
  return Object.assign(new Error(message), { name, stack: "" });
}

module.exports = { run, tooLarge };
