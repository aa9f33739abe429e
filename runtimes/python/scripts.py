"""Runs a script: a fresh interpreter for each call. Loaded for scripts alone, so no user code is in this process."""
import os
import select
import signal
import subprocess
import sys
from __main__ import BAD_EVENT, BAD_RESULT, ERROR, RESULT, describe, from_json
from json import dumps

CHUNK = 64 << 10
PIPE_AT_MOST = 1 << 20  # as much as a process may make a pipe hold
WORD_LIMIT = 128 << 10  # of the kernel, for one variable with its name and its end


class Script:
    def __init__(self, path, dependencies, max_result):
        self.path, self.max_result = path, max_result
        with open(path, "rb") as source:  # a wrong syntax shows when it is deployed
            compile(source.read(), path, "exec", dont_inherit=True)
        self.environment = dict(os.environ)
        self.environment.setdefault("PYTHONUNBUFFERED", "1")  # so that what was printed outlives a timeout
        if dependencies:
            own = self.environment.get("PYTHONPATH")
            self.environment["PYTHONPATH"] = dependencies + (os.pathsep + own if own else "")
        # The end of a child wakes up the loop below: it must not wait for the end of pipes that a daemon may keep open.
        self.ended, wake = os.pipe()
        for descriptor in (self.ended, wake):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def answer(self, _flags, _meta, event):
        """Runs one call; (kind, flags, meta, body) of its answer."""
        try:
            event = bytes(event)
            from_json(event.decode())
        except (ValueError, RecursionError) as error:
            return ERROR, BAD_EVENT, describe(error), b""
        try:
            code, output = self.run(event)
        except OSError as error:  # it can't be started
            return ERROR, 0, describe(error), b""
        if output is not None and code == -signal.SIGKILL:
            # The kernel does this when memory runs out, which the gateway can tell from how this process ends.
            os.kill(os.getpid(), signal.SIGKILL)
        body = b"" if output is None or code else dumps(output.decode(errors="replace"), ensure_ascii=False).encode()
        if output is None or len(body) > self.max_result:
            return failure(BAD_RESULT, "ResultTooLarge", f"the script printed more than the {self.max_result} bytes that are allowed")
        if code:
            code = code if code > 0 else 128 - code
            return failure(0, "ScriptError", f"exit code {code}", exitCode=code)
        return RESULT, 0, b"", body

    def run(self, event):
        """(exit code or -signal, standard output); the output is None where it was longer than a result may be."""
        environment = self.environment
        if len(event) + len(b"PAYLOAD=\0") <= WORD_LIMIT:
            environment = {**environment, "PAYLOAD": event.decode()}
        process = subprocess.Popen([sys.executable, self.path], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=environment)
        try:
            output = self.attend(process, event)
            if output is None:
                process.kill()
            return process.wait(), output
        finally:
            process.stdin.close()
            process.stdout.close()

    def attend(self, process, event):
        """Feeds the script and collects what it prints until it has ended."""
        out, into = process.stdout.fileno(), process.stdin.fileno()
        os.set_blocking(out, False)
        os.set_blocking(into, False)
        poll, output = select.poll(), bytearray()
        poll.register(self.ended, select.POLLIN)
        poll.register(out, select.POLLIN)
        poll.register(into, select.POLLOUT)
        event = memoryview(event)
        while process.poll() is None:
            for descriptor, _ in poll.poll():
                if descriptor == self.ended:
                    os.read(self.ended, 4096)
                elif descriptor == out:
                    chunk = read(out, CHUNK)
                    if chunk == b"":
                        poll.unregister(out)
                    elif chunk and not self.keep(chunk, output):
                        return None
                else:
                    event = event[write(into, event[:CHUNK]):]
                    if not event:
                        poll.unregister(into)
                        process.stdin.close()
        # All that the script has printed is in the pipe; what still runs may go on printing for ever.
        return bytes(output) if self.keep(read(out, PIPE_AT_MOST) or b"", output) else None

    def keep(self, chunk, output):
        """Copies what was printed to the record. False where it is too long for a result."""
        output += chunk[:max(0, self.max_result + 1 - len(output))]
        view = memoryview(chunk)
        while view:
            view = view[os.write(1, view):]
        return len(output) <= self.max_result


def failure(flags, name, message, **more):
    return ERROR, flags, dumps({"errorType": name, "errorMessage": message, "stackTrace": [], **more}).encode(), b""


def read(descriptor, count):
    """None where there is nothing now."""
    try:
        return os.read(descriptor, count)
    except BlockingIOError:
        return None


def write(descriptor, data):
    """How much of it is done with: all, where nobody reads."""
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(data)
