"""Cold starts: the first call of a function that has no instance.

A deploy leaves an instance for the first call. So the functions are deployed to a gateway that is then restarted: its callbacks are served
again, without instances. A function of 128 MB then finds a stem; one of a memory size that no other function has finds none.
"""
import http.client
import re
import time

from servers import BenchError

STEM_MEMORY_MB = 128
# The first ones of a gateway's life run code that isn't compiled yet.
DISCARDED = 3


class ColdFunctions:
    """Functions of one runtime, to be called once each."""

    def __init__(self, runtime, code, samples):
        self.runtime, self._code = runtime, code
        self._memory = {
            "stem": [STEM_MEMORY_MB] * (samples + DISCARDED),
            "no_stem": [STEM_MEMORY_MB + 1 + number for number in range(samples + DISCARDED)]}
        self._deployed = {}

    def deploy(self, gateway):
        """Instances are of no use here, so each goes again at once; the callbacks have to be live at the restart, though."""
        for kind, sizes in self._memory.items():
            self._deployed[kind] = [
                (path := f"cold/{self.runtime}/{kind}/{number}",
                 gateway.deploy(path, self.runtime, self._code, memory_mb=size)) for number, size in enumerate(sizes)]

    def measure(self, gateway, kind, say):
        """(milliseconds of the whole request, milliseconds of it that the instance took to be there) for each function."""
        samples = []
        for path, callback_id in self._deployed[kind]:
            gateway.settle()
            samples.append(first_call(gateway, f"/api/{path}"))
            gateway.undeploy(callback_id)
        say(f"cold {kind}: {self.runtime}: " + " ".join(f"{total:.1f}" for total, _ in samples[DISCARDED:]) + " ms")
        return samples[DISCARDED:]


def first_call(gateway, path):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    try:
        connection.connect()
        began = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        total = (time.perf_counter() - began) * 1000
    finally:
        connection.close()
    if response.status != 200:
        raise BenchError(f"the first call of {path} answers {response.status}: {body.decode(errors='replace')[:500]}")
    if response.headers["X-Cold-Start"] != "true":
        raise BenchError(f"the first call of {path} found an instance: there is no cold start to measure")
    return total, float(re.search(r"\binit;dur=([\d.]+)", response.headers["Server-Timing"]).group(1))
