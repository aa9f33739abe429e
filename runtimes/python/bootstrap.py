"""Runs Python functions inside an instance. The contract is runtimes/protocol/PROTOCOL.md; CPython 3.9 and newer.

What the start doesn't need is imported after `hello`, while the gateway prepares `init`, or when it is first used: scripts.py
and outputs.py too.
"""
import os
import sys
import _socket  # the socket module imports five more that nothing here needs
from _struct import Struct
from _thread import _count as count_threads

SOCKET = "/run/nanogrid/s"
HEAD = Struct(">IBBII")
HELLO, INIT, READY, INIT_ERROR, INVOKE, RESULT, ERROR, FILE = range(1, 9)
VALUE, FILES = 1, 2  # on invoke
RESPONSE, JSON_BODY = 1, 2  # on result
BAD_EVENT, BAD_RESULT = 1, 2  # on error
BUSY = 128
FRAME_LIMIT, META_LIMIT, ERROR_META_LIMIT = 256 << 20, 1 << 20, 60_000
RESPONSE_HEAD = ("statusCode", "headers", "multiValueHeaders", "cookies", "isBase64Encoded")


def frame(kind, flags, call, meta=b"", body=b""):
    return b"".join((HEAD.pack(10 + len(meta) + len(body), kind, flags, call, len(meta)), meta, body))


def receive(connection):
    """The next frame as (kind, flags, call, meta, body), or None at the end of the file. One recv for a small frame."""
    data = connection.recv(65536)
    while data and len(data) < (wanted := 14 if len(data) < 14 else 4 + HEAD.unpack_from(data)[0]):
        if wanted > FRAME_LIMIT:
            raise Violation(f"the gateway announced a frame of {wanted} bytes; {FRAME_LIMIT} are allowed")
        have, data = data, bytearray(wanted)
        data[:len(have)] = have
        with memoryview(data) as view:
            at = len(have)
            while at < len(data):
                read = connection.recv_into(view[at:])
                if not read:
                    return None
                at += read
    if not data:
        return None
    length, kind, flags, call, meta = HEAD.unpack_from(data)
    if length < 10 or meta > length - 10 or len(data) != length + 4:
        raise Violation(f"the gateway sent a frame of {len(data)} bytes with length {length} and metaLength {meta}")
    view = memoryview(data)
    return kind, flags, call, view[14:14 + meta], view[14 + meta:]


def describe(error):
    """The meta of an error frame. Never raises, whatever the error's own methods do."""
    name, message, trace = type(error).__name__, "", []
    try:
        message = str(error)[:ERROR_META_LIMIT]
        trace = user_trace(error)
    except BaseException as unprintable:
        message = message or f"<{name}, and describing it raised {type(unprintable).__name__}>"
    while True:
        meta = to_json({"errorType": name, "errorMessage": message, "stackTrace": trace}).encode()
        if len(meta) <= ERROR_META_LIMIT:
            return meta
        name, message = name[:200], message[:len(message) * 2 // 3]
        trace = [line[:300] for line in trace[len(trace) // 3:]]


def user_trace(error):
    """Python's own lines for the error and its causes, without the frames that lead from this file to the function."""
    import traceback
    ours = (user_trace.__code__.co_filename, "/asyncio/runners.py", "/asyncio/base_events.py")
    pending = [trace := traceback.TracebackException.from_exception(error)]
    while pending:
        part = pending.pop()
        if part.stack:
            part.stack[:] = [f for f in part.stack if not f.filename.endswith(ours) and not f.filename.startswith("<frozen ")]
        pending += filter(None, (part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())))
    return "".join(trace.format()).splitlines()


class HandlerNotFound(Exception):
    pass


class InitRefused(Exception):
    pass


class Violation(Exception):
    """The gateway broke the protocol; nothing that it sends after that can be trusted to mean what it says."""


class Context:
    """What a handler learns about its call, in AWS Lambda's spelling and plainly. A call's meta is read when it is asked for."""
    identity = None

    def __init__(self, meta):
        self._meta = meta

    def __getattr__(self, name):  # only for what isn't there: the first use of a call's own fields
        meta = self.__dict__.pop("_meta", None)
        if meta is None:
            raise AttributeError(f"the context has no '{name}'")
        call = from_json(str(meta, "utf-8")) if meta else {}
        client, http = call.get("clientContext"), call.get("http")
        about = client and client.get("client")
        self.client_context = client and types.SimpleNamespace(
            client=types.SimpleNamespace(**about) if isinstance(about, dict) else None,
            custom=client.get("custom"), env=client.get("env"))
        self.request_id = self.aws_request_id = call.get("requestId", "")
        self.deadline_ms, self.traceparent = call.get("deadlineMs", 0), call.get("traceparent")
        self.http = http and types.SimpleNamespace(
            method=http.get("method"), path=http.get("path"), headers=http.get("headers", {}), query=http.get("query", {}),
            path_parameters=http.get("pathParameters", {}), client_address=http.get("clientAddress"))
        return getattr(self, name)

    def get_remaining_time_in_millis(self):
        return max(0, self.deadline_ms - int(time.time() * 1000))

    @classmethod
    def describe_function(cls, meta):
        cls.function_name, cls.version, cls.function_version = meta["function"], meta["version"], str(meta["version"])
        cls.memory_limit_mb = cls.memory_limit_in_mb = meta["memoryMb"]
        cls.invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{cls.function_name}:{cls.version}"
        cls.log_group_name = f"/aws/lambda/{cls.function_name}"
        cls.log_stream_name = f"{time.strftime('%Y/%m/%d')}/[{cls.version}]{os.urandom(16).hex()}"


class Children:
    """Sees processes that the function left running: children of this process, and orphans that its parent, the init
    process of the instance, took over. Two reads of open files a call; the kernel writes them afresh each time."""

    def __init__(self):
        self.own, self.parents = self.open(os.getpid()), self.open(os.getppid())
        self.before = self.list(self.parents)

    @staticmethod
    def open(pid):
        try:
            return os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY)
        except OSError:  # the parent is outside of this process's view
            return None

    @staticmethod
    def list(descriptor):
        return os.pread(descriptor, 65536, 0) if descriptor is not None else b""

    def running(self):
        own, parents = self.list(self.own), self.list(self.parents)
        if not own and parents == self.before:
            return False
        pids = set(own.split()) | set(parents.split()) - set(self.before.split())
        # Ended children that nobody waited for do no harm, until they use up the instance's process limit.
        return len(pids) > 16 or any(not self.ended(int(pid)) for pid in pids)

    @staticmethod
    def ended(pid):
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat:
                return stat.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
        except OSError:
            return True


def beside(name):
    """A module that lies beside this file."""
    known = "nanogrid_" + name
    if known not in sys.modules:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        spec = importlib.util.spec_from_file_location(known, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[known] = module
    return sys.modules[known]


def load(meta, body):
    """Puts the function's files, variables and paths in place. What answers calls: a function, and its first argument."""
    directory, at = meta["directory"], 0
    for file in meta["files"]:
        path = os.path.join(directory, file["path"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(body[at:at + file["size"]])
        at += file["size"]
    os.environ.update(meta["env"], OUTPUT_DIR=meta["outputDirectory"])
    time.tzset()
    os.makedirs(meta["outputDirectory"], exist_ok=True)
    os.chdir(directory)
    path = os.path.join(directory, meta["file"])
    sys.argv, sys.dont_write_bytecode = [path], True
    sys.path[0:0] = filter(None, (directory, meta.get("dependencies")))
    if meta["script"]:
        script = beside("scripts").Script
        return script.answer, script(path, meta.get("dependencies"), meta["maxResultBytes"])
    Context.describe_function(meta)

    name = os.path.splitext(meta["file"])[0].replace(".", "_").replace("/", ".")
    if name in sys.modules:  # a function's json.py must not become everybody's json
        name += "_"
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    spec = importlib.util.spec_from_file_location(name, path, loader=importlib.machinery.SourceFileLoader(name, path))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for handler in meta["handlers"]:
        if callable(getattr(module, handler, None)):
            return answer, getattr(module, handler)
    raise HandlerNotFound(f"{meta['file']} defines none of these functions: {', '.join(meta['handlers'])}")


def encode(result, flags):
    """(flags, meta, body) of the result frame."""
    code = result.get("statusCode") if isinstance(result, dict) and not flags & VALUE else None
    if not isinstance(code, int) or isinstance(code, bool):
        return 0, b"", to_json(result).encode()
    meta = to_json({key: result[key] for key in RESPONSE_HEAD if result.get(key) is not None}).encode()
    if len(meta) > META_LIMIT:
        raise ValueError(f"the response's headers have {len(meta)} bytes; {META_LIMIT} are allowed")
    body = result.get("body")
    if body is None or isinstance(body, str):
        return RESPONSE, meta, (body or "").encode()
    return RESPONSE | JSON_BODY, meta, to_json(body).encode()


def answer(handler, flags, meta, body):
    """Runs one call; (kind, flags, meta, body) of its answer."""
    try:
        event = from_json(str(body, "utf-8"))
    except (ValueError, RecursionError) as error:
        return ERROR, BAD_EVENT, describe(error), b""
    try:
        result = handler(event, Context(meta))
        if type(result) is types.CoroutineType:
            import asyncio
            result = asyncio.run(result)
    except BaseException as error:  # SystemExit too: a function doesn't end its instance by an exception
        if isinstance(error, MemoryError):
            release(error.__traceback__.tb_next)
        return ERROR, 0, describe(error), b""
    try:
        return RESULT, *encode(result, flags)
    except BaseException as error:
        return ERROR, BAD_RESULT, describe(error), b""


def release(trace):
    """Lets go of what the finished frames held: it is the memory that describing the error needs."""
    while trace:
        try:
            trace.tb_frame.clear()
        except RuntimeError:  # it is a generator's and goes on
            pass
        trace = trace.tb_next


def flush():
    for stream in ("stdout", "stderr", "__stdout__"):  # the function may have replaced, closed or deleted them
        try:
            getattr(sys, stream).flush()
        except BaseException:
            pass


def send_files(connection, directory, call):
    def announce(path, size):
        meta = to_json({"path": path}).encode()
        return HEAD.pack(10 + len(meta) + size, FILE, 0, call, len(meta)) + meta
    beside("outputs").send(connection, directory, announce)


def serve(connection):
    children, handler, initialised = Children(), None, False
    while (received := receive(connection)) is not None:
        kind, flags, call, meta, body = received
        del received
        if kind == INIT and not flags:
            try:
                if initialised:
                    raise InitRefused("this instance has its function: it serves one version for its whole life")
                initialised = True
                meta = from_json(str(meta, "utf-8"))
                run, handler = load(meta, body)
                output = meta["outputDirectory"]
                kind, meta = READY, b""
            except BaseException as error:
                kind, meta = INIT_ERROR, describe(error)
            flags, body = 0, b""
        elif kind == INVOKE and flags <= VALUE | FILES and handler:
            with_files = flags & FILES
            if with_files and (hindrance := beside("outputs").empty(output)):
                kind, flags, meta, body, with_files = ERROR, BUSY, describe(hindrance), b"", False
            else:
                kind, flags, meta, body = run(handler, flags, meta, body)
            if count_threads() or children.running():
                flags |= BUSY
            if with_files and (kind, flags & BAD_EVENT) != (ERROR, BAD_EVENT):
                flush()
                send_files(connection, output, call)
        else:
            raise Violation(f"the gateway sent a frame of kind {kind} with flags {flags}, which is not allowed now")
        flush()
        connection.sendall(frame(kind, flags, call, meta, body))
        del meta, body


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # by lines, so that what was printed outlives an os._exit
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    gateway = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)  # close-on-exec, as all of Python's descriptors
    gateway.connect(sys.argv[1] if len(sys.argv) > 1 else SOCKET)
    os.register_at_fork(after_in_child=gateway.close)
    version = "%d.%d.%d" % sys.version_info[:3]
    gateway.sendall(frame(HELLO, 0, 0, b'{"protocol":1,"runtime":"python %s"}' % version.encode()))

import importlib.machinery
import importlib.util
import json
import time
import types

from_json = json.JSONDecoder(parse_constant=refuse_constant).decode
to_json = json.JSONEncoder(allow_nan=False).encode  # json.dumps, but NaN and Infinity are no JSON

if __name__ == "__main__":
    status = 0
    try:
        serve(gateway)
    except BaseException as error:
        gone = isinstance(error, ConnectionError) or gateway.fileno() < 0  # the latter in a child that left its handler
        if not gone:
            print(*user_trace(error), sep="\n", file=sys.__stderr__)
            status = 1
    flush()
    os._exit(status)  # at once: neither the function's threads nor its exit handlers may hold up the end
