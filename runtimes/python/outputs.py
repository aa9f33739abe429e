"""Sends what a call has left in $OUTPUT_DIR. Loaded for the first call whose files are asked for."""
import errno
import os
import stat

MAX_FILES, MAX_BYTES, MAX_PATH = 100, 32 << 20, 200
MAX_LINES = 100


def empty(directory):
    """Makes the directory an empty one, whatever a function has put in its place. The error that hinders it, or None."""
    try:
        if os.path.islink(directory) or os.path.isfile(directory):
            os.unlink(directory)
        os.makedirs(directory, exist_ok=True)
        remove_all(directory)
    except (OSError, RecursionError) as error:
        return error


def remove_all(directory):
    os.chmod(directory, 0o700)
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                remove_all(entry.path)
                os.rmdir(entry.path)
            else:
                os.unlink(entry.path)


def send(connection, directory, announce):
    """Sends each file; `announce(path, size)` is what goes before its bytes. What can't be sent is named on standard error."""
    left_out = sent = total = 0
    for path in walk(directory):
        try:
            descriptor = os.open(os.path.join(directory, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        else:
            try:
                status = os.fstat(descriptor)
                why = refusal(path, status, sent, total)
                if why is None:
                    connection.sendall(announce(path, status.st_size))
                    send_bytes(connection, descriptor, status.st_size)
                    sent, total = sent + 1, total + status.st_size
            finally:
                os.close(descriptor)
        if why is not None:
            left_out += 1
            if left_out <= MAX_LINES:
                say(f"output file {printable(path)} left out: {why}")
    if left_out > MAX_LINES:
        say(f"{left_out - MAX_LINES} more output files left out")


def walk(directory):
    """The paths of everything that isn't a directory, in the order of their names."""
    pending = [] if os.path.islink(directory) else [""]
    while pending:
        path = pending.pop()
        try:
            if path and not stat.S_ISDIR(os.lstat(os.path.join(directory, path)).st_mode):
                yield path
                continue
            pending += sorted((path and path + "/") + name for name in os.listdir(os.path.join(directory, path)))[::-1]
        except OSError:  # it has gone, or must not be read: opening it says why
            if path:
                yield path


def refusal(path, status, sent, total):
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    if len(path) > MAX_PATH:
        return f"its path has more than {MAX_PATH} characters"
    if any(c < " " or c == "\\" or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in path):
        return "its path has a character that isn't allowed"
    if sent == MAX_FILES:
        return f"at most {MAX_FILES} files are taken"
    if total + status.st_size > MAX_BYTES:
        return f"all files together may have {MAX_BYTES >> 20} MiB"
    return None


def send_bytes(connection, descriptor, size):
    at = 0
    while at < size:
        count = os.sendfile(connection.fileno(), descriptor, at, size - at)
        if not count:  # something that still runs has cut it; what was announced has to come
            count = min(size - at, 65536)
            connection.sendall(bytes(count))
        at += count


def printable(path):
    shortened = path[:MAX_PATH] + "…" if len(path) > MAX_PATH else path
    return "".join(c if c.isprintable() else "?" for c in shortened)


def say(line):
    try:
        os.set_blocking(2, True)  # a script may have changed what it shares
        os.write(2, (line + "\n").encode())
    except OSError:  # the function has closed it
        pass
