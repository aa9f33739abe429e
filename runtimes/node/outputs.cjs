// Sends what a call has left in $OUTPUT_DIR. Loaded for the first call whose files are asked for. Names are bytes until they turn
// out to be text.
"use strict";
const { isUtf8 } = require("node:buffer");
const fs = require("node:fs");

const MAX_FILES = 100, MAX_BYTES = 32 << 20, MAX_PATH = 200, MAX_LINES = 100, CHUNK = 256 << 10;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const SLASH = Buffer.from("/");

const join = (directory, name) => (directory.length === 0 ? name : Buffer.concat([directory, SLASH, name]));
const isLink = (name) => fs.lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** Makes the directory an empty one, whatever a function has put in its place. The error that hinders it, or null. */
function empty(directory) {
  try {
    if (isLink(directory) || fs.statSync(directory, { throwIfNoEntry: false })?.isFile()) fs.unlinkSync(directory);
    fs.mkdirSync(directory, { recursive: true });
    removeAll(Buffer.from(directory));
    return null;
  } catch (error) {
    return error;
  }
}

function removeAll(directory) {
  fs.chmodSync(directory, 0o700);
  for (const entry of fs.readdirSync(directory, { encoding: "buffer", withFileTypes: true })) {
    const name = join(directory, entry.name);
    if (entry.isDirectory()) {
      removeAll(name);
      fs.rmdirSync(name);
    } else fs.unlinkSync(name);
  }
}

/** Sends each file; `announce(path, size)` is what goes before its bytes. What can't be sent is named on standard error. */
async function send(socket, directory, announce) {
  const root = Buffer.from(directory);
  let leftOut = 0, sent = 0, total = 0;
  for (const name of isLink(directory) ? [] : walk(root)) {
    let file = null, why = null;
    try {
      file = fs.openSync(join(root, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      why = error.code === "ELOOP" ? "it is a link" : /: (.*?),/.exec(error.message)?.[1] ?? error.code;
    }
    if (file !== null) {
      try {
        const status = fs.fstatSync(file);
        why = refusal(name, status, sent, total);
        if (why === null) {
          await flushed(socket, announce(name.toString(), status.size));
          await sendBytes(socket, file, status.size);
          sent++;
          total += status.size;
        }
      } finally {
        fs.closeSync(file);
      }
    }
    if (why !== null && ++leftOut <= MAX_LINES) say(`output file ${printable(name)} left out: ${why}`);
  }
  if (leftOut > MAX_LINES) say(`${leftOut - MAX_LINES} more output files left out`);
}

/** The paths of everything that isn't a directory, in the order of their names. */
function* walk(root) {
  const pending = [Buffer.alloc(0)];
  while (pending.length > 0) {
    const name = pending.pop();
    try {
      if (name.length > 0 && !fs.lstatSync(join(root, name)).isDirectory()) {
        yield name;
        continue;
      }
      const names = fs.readdirSync(name.length > 0 ? join(root, name) : root, "buffer");
      for (const below of names.sort(Buffer.compare).reverse()) pending.push(join(name, below));
    } catch { // it has gone, or must not be read: opening it says why
      if (name.length > 0) yield name;
    }
  }
}

function refusal(name, status, sent, total) {
  if (!status.isFile()) return "it is no regular file";
  const text = name.toString();
  if ([...text].length > MAX_PATH) return `its path has more than ${MAX_PATH} characters`;
  if (!isUtf8(name) || /[\x00-\x1f\x7f-\x9f\\]/.test(text)) return "its path has a character that isn't allowed";
  if (sent === MAX_FILES) return `at most ${MAX_FILES} files are taken`;
  if (total + status.size > MAX_BYTES) return `all files together may have ${MAX_BYTES >> 20} MiB`;
  return null;
}

const flushed = (socket, bytes) => new Promise((done) => socket.write(bytes, done));

async function sendBytes(socket, file, size) {
  const buffer = Buffer.allocUnsafe(Math.min(size, CHUNK));
  for (let at = 0; at < size; ) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, size - at));
    const count = fs.readSync(file, chunk, 0, chunk.length, at);
    if (count === 0) chunk.fill(0); // something that still runs has cut it; what was announced has to come
    await flushed(socket, chunk.subarray(0, count || chunk.length));
    at += count || chunk.length;
  }
}

function printable(name) {
  const characters = [...name.toString()];
  const shortened = characters.length > MAX_PATH ? `${characters.slice(0, MAX_PATH).join("")}…` : characters.join("");
  return shortened.replace(/\p{C}/gu, "?");
}

function say(line) {
  try {
    process.stderr._handle?.setBlocking?.(true); // a script may have changed what it shares
    fs.writeSync(2, `${line}\n`);
  } catch { // the function has closed it
  }
}

module.exports = { empty, send };
