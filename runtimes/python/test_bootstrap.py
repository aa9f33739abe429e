"""Runs bootstrap.py as an instance does: a process of its own that connects to a real unix socket."""
import ctypes
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP = os.path.join(HERE, "bootstrap.py")
with open(os.path.join(HERE, os.pardir, "protocol", "golden-frames.json"), encoding="utf-8") as golden_file:
    GOLDEN = json.load(golden_file)
spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
from_golden = {"hello": 1, "init": 2, "ready": 3, "init-error": 4, "invoke": 5, "result": 6, "error": 7, "file": 8}
HELLO, INIT, READY, INIT_ERROR, INVOKE, RESULT, ERROR, FILE = range(1, 9)
VALUE, FILES, RESPONSE, JSON_BODY, BAD_EVENT, BAD_RESULT, BUSY = 1, 2, 1, 2, 1, 2, 128


class Answer:
    def __init__(self, kind, flags, call, meta, body):
        self.kind, self.flags, self.call, self.body = kind, flags, call, bytes(body)
        self.meta = json.loads(bytes(meta)) if meta else None


class Instance:
    """The gateway's side of one bootstrap process."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="nb")
        self.directory = os.path.join(self.root, "task")
        os.mkdir(self.directory)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(self.root, "s"))
            listener.listen()
            listener.settimeout(30)
            self.process = subprocess.Popen(
                [sys.executable, "-I", BOOTSTRAP, os.path.join(self.root, "s")],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                env={"PATH": os.environ["PATH"], "HOME": "/tmp", "LANG": "C.UTF-8"})
            self.connection, _ = listener.accept()
        self.connection.settimeout(30)
        self.stream = self.connection.makefile("rb")
        self.hello = self.receive()

    def receive(self):
        head = self.stream.read(14)
        if len(head) < 14:
            return None
        length, kind, flags, call, meta = bootstrap.HEAD.unpack(head)
        return Answer(kind, flags, call, self.stream.read(meta), self.stream.read(length - 10 - meta))

    def send(self, kind, flags=0, call=0, meta=b"", body=b""):
        self.connection.sendall(bootstrap.frame(kind, flags, call, meta, body))

    def init(self, code=None, files=None, **changes):
        files = {"main.py": code} if files is None else files
        contents = {name: text if isinstance(text, bytes) else textwrap.dedent(text).encode() for name, text in files.items()}
        meta = {"function": "greet", "version": 3, "memoryMb": 128, "timeoutMs": 30000, "directory": self.directory,
                "files": [{"path": name, "size": len(data)} for name, data in contents.items()], "file": next(iter(files)),
                "handlers": ["lambda_handler", "handler"], "dependencies": None, "script": False, "maxResultBytes": 6 << 20,
                "outputDirectory": os.path.join(self.root, "output"), "env": {}, **changes}
        self.send(INIT, meta=json.dumps(meta).encode(), body=b"".join(contents.values()))
        return self.receive()

    def call(self, event=None, flags=0, call=1, meta=None, body=None):
        self.send(INVOKE, flags, call, json.dumps(meta).encode() if meta else b"",
                  json.dumps(event).encode() if body is None else body)
        return self.receive()

    def call_for_files(self, event=None, **options):
        """(the files by their paths, the answer)"""
        files, answer = {}, self.call(event, flags=FILES, **options)
        while answer is not None and answer.kind == FILE:
            files[answer.meta["path"]] = answer.body
            answer = self.receive()
        return files, answer

    def most_memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

    def printed(self, stream="stdout"):
        """What is in the pipe at this moment; it doesn't wait."""
        descriptor = getattr(self.process, stream).fileno()
        os.set_blocking(descriptor, False)
        try:
            return os.read(descriptor, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def end(self):
        """Closes the gateway's end; (exit code, stdout, stderr)."""
        self.stream.close()
        self.connection.close()
        for stream in (self.process.stdout, self.process.stderr):
            os.set_blocking(stream.fileno(), True)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out.decode(), err.decode()

    def close(self):
        self.stream.close()
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.root, ignore_errors=True)


class BootstrapTest(unittest.TestCase):
    def start(self):
        instance = Instance()
        self.addCleanup(instance.close)
        return instance

    def load(self, code, **changes):
        instance = self.start()
        answer = instance.init(code, **changes)
        self.assertEqual((READY, 0, 0, None, b""), (answer.kind, answer.flags, answer.call, answer.meta, answer.body))
        return instance

    def value(self, answer):
        self.assertEqual((RESULT, 0, None), (answer.kind, answer.flags, answer.meta), answer.meta)
        return json.loads(answer.body)

    def result_of(self, body, event=None, meta=None, **changes):
        """The value of one call of a handler with this body."""
        code = "import os, sys\ndef handler(event, context):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        return self.value(self.load(code, **changes).call(event, meta=meta))

    def error_of(self, body, flags=0):
        code = "import os, sys\ndef handler(event, context):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        instance = self.load(code)
        answer = instance.call()
        self.assertEqual((ERROR, flags, 1, b""), (answer.kind, answer.flags, answer.call, answer.body))
        self.assertLess(len(json.dumps(answer.meta)), 64 * 1024)
        return answer.meta


class GoldenFrames(BootstrapTest):
    def test_every_frame_is_encoded_as_the_golden_one(self):
        for golden in GOLDEN["frames"]:
            with self.subTest(golden["name"]):
                frame = bootstrap.frame(from_golden[golden["kind"]], golden["flags"], golden["call"],
                                        golden["meta"].encode(), bytes.fromhex(golden["body"]))
                self.assertEqual(golden["frame"], frame.hex())

    def test_every_golden_frame_is_decoded_whole_or_in_pieces(self):
        for golden in GOLDEN["frames"]:
            frame = bytes.fromhex(golden["frame"])
            for piece in (len(frame), 13, 5, 1):
                with self.subTest(golden["name"], piece=piece):
                    self.assertEqual(
                        (from_golden[golden["kind"]], golden["flags"], golden["call"], golden["meta"], golden["body"]),
                        self.decode([frame[at:at + piece] for at in range(0, len(frame), piece)]))

    def decode(self, pieces):
        class Connection:
            def recv(self, _):
                return pieces.pop(0) if pieces else b""

            def recv_into(self, view):
                piece = pieces.pop(0)
                if len(piece) > len(view):
                    pieces.insert(0, piece[len(view):])
                    piece = piece[:len(view)]
                view[:len(piece)] = piece
                return len(piece)
        kind, flags, call, meta, body = bootstrap.receive(Connection())
        return kind, flags, call, bytes(meta).decode(), bytes(body).hex()

    def test_a_malformed_frame_is_never_answered_and_ends_the_process(self):
        for malformed in GOLDEN["malformed"]:
            with self.subTest(malformed["name"]):
                instance = self.load("handler = lambda event, context: 1")
                instance.connection.sendall(bytes.fromhex(malformed["frame"]))
                instance.connection.shutdown(socket.SHUT_WR)
                self.assertIsNone(instance.receive())
                instance.process.wait(30)

    def test_a_frame_that_is_longer_than_256_mib_is_refused_before_it_arrives(self):
        instance = self.load("handler = print")
        instance.connection.sendall(bytes.fromhex("ffffffff05000000000100000000"))
        self.assertIsNone(instance.receive())
        code, _, err = instance.end()
        self.assertEqual(1, code)
        self.assertIn("allowed", err)

    def test_a_frame_of_several_megabytes_arrives_whole(self):
        self.assertEqual(5_000_000, self.result_of("return len(event)", event="x" * 5_000_000))


class Starting(BootstrapTest):
    def test_hello_says_protocol_and_runtime(self):
        hello = self.start().hello
        self.assertEqual((HELLO, 0, 0, b""), (hello.kind, hello.flags, hello.call, hello.body))
        self.assertEqual({"protocol": 1, "runtime": "python %d.%d.%d" % sys.version_info[:3]}, hello.meta)

    def test_an_end_of_file_ends_the_process_though_threads_run(self):
        instance = self.load("""
            import atexit, threading
            atexit.register(print, "exit handler")
            def handler(event, context):
                threading.Thread(target=threading.Event().wait).start()
            """)
        instance.call()
        self.assertEqual((0, "", ""), instance.end())

    def test_an_end_of_file_before_init_ends_the_process(self):
        self.assertEqual((0, "", ""), self.start().end())

    def test_an_invoke_before_init_is_a_violation(self):
        instance = self.start()
        self.assertIsNone(instance.call())
        code, _, err = instance.end()
        self.assertEqual(1, code)
        self.assertIn("not allowed now", err)


class Initialising(BootstrapTest):
    def failure(self, code=None, **changes):
        answer = self.start().init(code, **changes)
        self.assertEqual((INIT_ERROR, 0, 0, b""), (answer.kind, answer.flags, answer.call, answer.body))
        return answer.meta

    def test_a_second_init_is_refused_and_the_function_stays(self):
        instance = self.load("handler = lambda event, context: 'first'")
        second = instance.init("handler = lambda event, context: 'second'")
        self.assertEqual((INIT_ERROR, "InitRefused"), (second.kind, second.meta["errorType"]))
        self.assertEqual("first", self.value(instance.call()))
        with open(os.path.join(instance.directory, "main.py")) as file:
            self.assertIn("first", file.read())

    def test_a_second_init_after_a_failed_one_is_refused(self):
        instance = self.start()
        instance.init("raise ValueError('no')")
        self.assertEqual("InitRefused", instance.init("handler = print").meta["errorType"])

    def test_binary_and_nested_files_are_written_as_they_are(self):
        instance = self.load(None, files={"main.py": "handler = lambda e, c: list(open('a/b/c.bin', 'rb').read())",
                                          "empty.txt": "", "a/b/c.bin": bytes([0, 255, 10, 13])})
        self.assertEqual([0, 255, 10, 13], self.value(instance.call()))
        self.assertEqual(0, os.path.getsize(os.path.join(instance.directory, "empty.txt")))

    def test_the_first_handler_that_exists_is_taken(self):
        both = "def handler(e, c): return 'handler'\ndef lambda_handler(e, c): return 'lambda_handler'\nother = 1"
        for names, taken in ((["lambda_handler", "handler"], "lambda_handler"), (["missing", "other", "handler"], "handler")):
            with self.subTest(names):
                self.assertEqual(taken, self.value(self.load(both, handlers=names).call()))

    def test_a_missing_handler_is_reported_with_the_names_looked_for(self):
        meta = self.failure("def something(event, context): pass")
        self.assertEqual("HandlerNotFound", meta["errorType"])
        self.assertEqual("main.py defines none of these functions: lambda_handler, handler", meta["errorMessage"])

    def test_a_syntax_error_is_reported_with_file_line_and_message(self):
        meta = self.failure("def handler(event, context):\n    return 1 +\n")
        trace = "\n".join(meta["stackTrace"])
        self.assertEqual("SyntaxError", meta["errorType"])
        self.assertIn("invalid syntax (main.py, line 2)", meta["errorMessage"])
        self.assertRegex(trace, r'/task/main.py", line 2\n +return 1 \+\n')

    def test_a_syntax_error_in_an_imported_module_names_that_module(self):
        meta = self.failure(files={"main.py": "import lib", "lib.py": "\n\nclass"})
        self.assertIn("(lib.py, line 3)", meta["errorMessage"])

    def test_an_import_error_has_the_users_stack_and_nothing_else(self):
        meta = self.failure(files={"main.py": "import lib", "lib.py": "x = 1\nimport does_not_exist"})
        trace = "\n".join(meta["stackTrace"])
        self.assertEqual(("ModuleNotFoundError", "No module named 'does_not_exist'"),
                         (meta["errorType"], meta["errorMessage"]))
        self.assertRegex(trace, r'main.py", line 1, in <module>\n.*import lib\n.*lib.py", line 2')
        self.assertNotIn("bootstrap", trace)
        self.assertNotIn("importlib", trace)

    def test_sys_exit_while_loading_is_an_init_error(self):
        self.assertEqual("SystemExit", self.failure("import sys; sys.exit('stop')")["errorType"])

    def test_a_missing_file_is_an_init_error(self):
        self.assertEqual("FileNotFoundError", self.failure("x = 1", file="other.py")["errorType"])

    def test_variables_are_set_before_the_function_is_loaded(self):
        code = "import os, time\nseen = os.environ['A'], time.strftime('%Z', time.localtime(0))\nhandler = lambda e, c: seen"
        self.assertEqual(["ü=1", "UTC+1"], self.value(self.load(code, env={"A": "ü=1", "TZ": "<UTC+1>-1"}).call()))

    def test_a_nested_module_imports_its_neighbours(self):
        instance = self.load(None, files={
            "pkg/mod.py": "from . import near\nfrom pkg.near import X\nimport top\nhandler = lambda e, c: [__name__, X, near.X, top.Y]",
            "pkg/__init__.py": "", "pkg/near.py": "X = 1", "top.py": "Y = 2"})
        self.assertEqual(["pkg.mod", 1, 1, 2], self.value(instance.call()))

    def test_a_nested_module_needs_no_init_file(self):
        instance = self.load(None, files={"src/mod.py": "from . import near\nhandler = lambda e, c: near.X", "src/near.py": "X = 1"})
        self.assertEqual(1, self.value(instance.call()))

    def test_a_file_with_dots_and_dashes_in_its_name_is_loaded(self):
        instance = self.load(None, files={"my-fn.v2.py": "handler = lambda e, c: 1"})
        self.assertEqual(1, self.value(instance.call()))

    def test_a_file_named_like_a_loaded_module_leaves_that_module_alone(self):
        instance = self.load(None, files={"json.py": "import sys\nhandler = lambda e, c: hasattr(sys.modules['json'], 'dumps')"})
        self.assertTrue(self.value(instance.call()))

    def test_the_functions_own_classes_can_be_pickled(self):
        instance = self.load("import pickle\nclass A: pass\nhandler = lambda e, c: type(pickle.loads(pickle.dumps(A()))).__module__")
        self.assertEqual("main", self.value(instance.call()))

    def test_dependencies_are_found_after_the_functions_own_modules(self):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        for name in ("lib", "own"):
            with open(os.path.join(root, name + ".py"), "w") as file:
                file.write("X = 'dependency'")
        instance = self.load(None, files={"main.py": "import lib, own\nhandler = lambda e, c: [lib.X, own.X]", "own.py": "X = 'own'"},
                             dependencies=root)
        self.assertEqual(["dependency", "own"], self.value(instance.call()))

    def test_the_function_sees_its_directory_and_its_own_arguments(self):
        instance = self.load("import os, sys\nhandler = lambda e, c: [os.getcwd(), sys.argv, sys.path[0], __file__]")
        main = os.path.join(instance.directory, "main.py")
        self.assertEqual([instance.directory, [main], instance.directory, main], self.value(instance.call()))

    def test_no_bytecode_is_written_beside_the_code(self):
        instance = self.load(None, files={"main.py": "import lib\nhandler = print", "lib.py": ""})
        self.assertEqual({"main.py", "lib.py"}, set(os.listdir(instance.directory)))


class Calling(BootstrapTest):
    META = {"requestId": "r-1", "deadlineMs": 32503680000000, "traceparent": "00-a-b-01", "http": {
        "method": "GET", "path": "/api/orders/7", "headers": {"x-city": "Zürich"}, "query": {"tag": ["a", "b"]},
        "pathParameters": {"id": "7"}, "clientAddress": "127.0.0.1"}}

    def test_the_answer_carries_the_calls_id(self):
        instance = self.load("handler = lambda event, context: event")
        for call in (1, 2, 0x80000000, 0xFFFFFFFF):
            self.assertEqual(call, instance.call(call=call).call)

    def test_the_event_is_given_as_python_reads_json(self):
        event = {"a": [1, 2.5, None, True], "ü": "🚀"}
        self.assertEqual(event, self.result_of("return event", event=event))

    def test_the_context_speaks_both_spellings(self):
        seen = self.result_of("""
            return [context.request_id, context.aws_request_id, context.function_name, context.version, context.function_version,
                    context.memory_limit_mb, context.memory_limit_in_mb, context.deadline_ms, context.traceparent,
                    context.identity, context.client_context]
            """, meta=self.META)
        self.assertEqual(["r-1", "r-1", "greet", 3, "3", 128, 128, 32503680000000, "00-a-b-01", None, None], seen)

    def test_the_context_has_what_an_aws_client_says_of_itself(self):
        body = "c = context.client_context\nreturn [c.client and c.client.app_title, c.custom, c.env]"
        said = {"client": {"app_title": "shop"}, "custom": {"a": 1}, "env": {"b": "c"}}
        self.assertEqual(["shop", {"a": 1}, {"b": "c"}], self.result_of(body, meta={**self.META, "clientContext": said}))
        self.assertEqual([None, None, None], self.result_of(body, meta={**self.META, "clientContext": {"client": "?"}}))

    def test_the_context_has_arn_and_log_names(self):
        arn, group, stream = self.result_of(
            "return [context.invoked_function_arn, context.log_group_name, context.log_stream_name]")
        self.assertEqual(("arn:aws:lambda:local:000000000000:function:greet:3", "/aws/lambda/greet"), (arn, group))
        self.assertRegex(stream, r"^\d{4}/\d\d/\d\d/\[3\][0-9a-f]{32}$")

    def test_the_context_has_the_http_request(self):
        seen = self.result_of("""
            http = context.http
            return [http.method, http.path, http.headers, http.query, http.path_parameters, http.client_address]
            """, meta=self.META)
        self.assertEqual(list(self.META["http"].values()), seen)

    def test_a_call_that_came_without_http_has_none(self):
        self.assertEqual([None, ""], self.result_of("return [context.http, context.request_id]"))

    def test_an_unknown_field_of_the_context_is_an_attribute_error(self):
        self.assertEqual([False, True], self.result_of("return [hasattr(context, 'nothing'), hasattr(context, 'http')]", meta=self.META))

    def test_remaining_time_counts_down_to_the_deadline_and_never_below_zero(self):
        remaining = self.result_of("return context.get_remaining_time_in_millis()", meta={"deadlineMs": int(time.time() * 1000) + 60_000})
        self.assertTrue(20_000 < remaining <= 60_000, remaining)
        self.assertEqual(0, self.result_of("return context.get_remaining_time_in_millis()", meta={"deadlineMs": 1}))

    def test_each_call_sees_its_own_context(self):
        instance = self.load("kept = []\ndef handler(e, c):\n    kept.append(c)\n    return [k.request_id for k in kept]")
        instance.call(meta={"requestId": "a"})
        self.assertEqual(["a", "b"], self.value(instance.call(meta={"requestId": "b"})))

    def test_an_async_handler_is_awaited(self):
        instance = self.load("import asyncio\nasync def handler(e, c):\n    await asyncio.sleep(0)\n    return e")
        self.assertEqual([7, 8], [self.value(instance.call(7)), self.value(instance.call(8))])

    def test_a_body_that_is_not_json_is_a_bad_event_and_the_handler_does_not_run(self):
        instance = self.load("calls = []\ndef handler(e, c):\n    calls.append(e)\n    return calls")
        for body in (b"", b"{", b"hello", b"\xff", b"NaN", b"[Infinity]", b"\xef\xbb\xbf{}", b"[" * 100_000, b"{} {}"):
            with self.subTest(body[:10]):
                answer = instance.call(body=body)
                self.assertEqual((ERROR, BAD_EVENT), (answer.kind, answer.flags))
        self.assertEqual([1], self.value(instance.call(1)))


class Answering(BootstrapTest):
    def answer(self, expression, flags=0):
        return self.load(f"import enum, http\nhandler = lambda event, context: {expression}").call(flags=flags)

    def test_a_value_is_the_text_of_json_dumps(self):
        for expression in ("'ok'", "{'a': [1, 2.5, None, True], 'ü': '🚀'}", "None", "1", "(1, 2)", "'\\ud800'", "10 ** 400"):
            with self.subTest(expression):
                answer = self.answer(expression)
                self.assertEqual((RESULT, 0, None, json.dumps(eval(expression)).encode()),
                                 (answer.kind, answer.flags, answer.meta, answer.body))

    def test_a_status_code_makes_a_response_whose_text_is_sent_as_it_is(self):
        answer = self.answer("{'statusCode': 201, 'headers': {'a': 'ü'}, 'multiValueHeaders': {'b': ['1', '2']}, "
                             "'cookies': ['c=d'], 'isBase64Encoded': True, 'body': 'héllo', 'other': 1}")
        self.assertEqual((RESULT, RESPONSE, "héllo".encode()), (answer.kind, answer.flags, answer.body))
        self.assertEqual({"statusCode": 201, "headers": {"a": "ü"}, "multiValueHeaders": {"b": ["1", "2"]},
                          "cookies": ["c=d"], "isBase64Encoded": True}, answer.meta)

    def test_a_response_without_a_body_is_empty(self):
        for body in ("", ", 'body': None, 'headers': None", ", 'body': ''"):
            with self.subTest(body):
                answer = self.answer("{'statusCode': 204" + body + "}")
                self.assertEqual((RESPONSE, b"", {"statusCode": 204}), (answer.flags, answer.body, answer.meta))

    def test_a_body_that_is_no_text_is_json(self):
        for body in ({"a": "ü"}, [1], 7, 0, False):
            with self.subTest(body):
                answer = self.answer("{'statusCode': 200, 'body': %r}" % (body,))
                self.assertEqual((RESPONSE | JSON_BODY, json.dumps(body).encode()), (answer.flags, answer.body))

    def test_only_an_integer_status_code_makes_a_response(self):
        for code in ("True", "'200'", "200.0", "None"):
            with self.subTest(code):
                self.assertEqual((0, None), (lambda a: (a.flags, a.meta))(self.answer("{'statusCode': %s}" % code)))
        self.assertEqual(({"statusCode": 200}, RESPONSE), (lambda a: (a.meta, a.flags))(self.answer("{'statusCode': http.HTTPStatus.OK}")))

    def test_the_flag_value_asks_for_the_object_itself(self):
        answer = self.answer("{'statusCode': 200, 'body': 'x'}", flags=VALUE)
        self.assertEqual((0, None, b'{"statusCode": 200, "body": "x"}'), (answer.flags, answer.meta, answer.body))

    def test_what_json_refuses_is_a_bad_result(self):
        cyclic = "(lambda l: l.append(l) or l)([])"
        deep = "__import__('functools').reduce(lambda a, _: [a], range(100000), 1)"
        for result in ("{1, 2}", "object()", "b'x'", "float('nan')", "[float('inf')]", cyclic, deep, "{'statusCode': 200, 'body': {1}}",
                       "{'statusCode': 200, 'headers': {1}}", "{'statusCode': 200, 'body': '\\ud800'}", "{(1, 2): 3}",
                       "{'statusCode': 200, 'headers': {'a': 'x' * 2 ** 20}}"):
            with self.subTest(result):
                answer = self.answer(result)
                self.assertEqual((ERROR, BAD_RESULT, b""), (answer.kind, answer.flags, answer.body))
                self.assertTrue(answer.meta["errorMessage"])

    def test_the_instance_goes_on_after_each_kind_of_answer(self):
        instance = self.load("def handler(e, c):\n    if e == 'throw': raise ValueError(e)\n    return {1} if e == 'bad' else e")
        kinds = [instance.call(event).kind for event in ("throw", "bad", "fine", "throw", "fine")]
        self.assertEqual([ERROR, ERROR, RESULT, ERROR, RESULT], kinds)


class Failing(BootstrapTest):
    def test_an_error_has_type_message_and_the_users_stack(self):
        instance = self.load("def inner():\n    raise ValueError('zu groß')\ndef handler(e, c):\n    inner()\n")
        meta = instance.call().meta
        main = os.path.join(instance.directory, "main.py")
        self.assertEqual(("ValueError", "zu groß"), (meta["errorType"], meta["errorMessage"]))
        lines = [line for line in meta["stackTrace"] if "^" not in line and "~" not in line]
        self.assertEqual(["Traceback (most recent call last):", f'  File "{main}", line 4, in handler', "    inner()",
                          f'  File "{main}", line 2, in inner', "    raise ValueError('zu groß')", "ValueError: zu groß"], lines)

    def test_a_cause_is_told_without_frames_of_the_bootstrap(self):
        trace = "\n".join(self.error_of("try:\n    1 / 0\nexcept ArithmeticError as error:\n    raise KeyError('x') from error")["stackTrace"])
        self.assertIn("ZeroDivisionError", trace)
        self.assertIn("direct cause", trace)
        self.assertNotIn("bootstrap.py", trace)

    def test_an_error_in_an_async_handler_has_the_users_stack_alone(self):
        instance = self.load("async def handler(e, c):\n    raise ValueError('x')")
        trace = "\n".join(instance.call().meta["stackTrace"])
        self.assertIn("main.py", trace)
        self.assertNotIn("asyncio", trace)
        self.assertNotIn("bootstrap.py", trace)

    def test_exits_and_interrupts_are_errors_and_the_instance_lives(self):
        instance = self.load("def handler(e, c):\n    if e: raise eval(e)\n    return 1")
        for error in ("SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "BaseException('x')"):
            with self.subTest(error):
                answer = instance.call(error)
                self.assertEqual((ERROR, error.split("(")[0]), (answer.kind, answer.meta["errorType"]))
        self.assertEqual(1, self.value(instance.call()))

    def test_endless_recursion_is_an_error(self):
        self.assertEqual("RecursionError", self.error_of("f = lambda: f()\nf()")["errorType"])

    def test_missing_memory_is_an_error(self):
        meta = self.error_of("""
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (96 << 20, resource.RLIM_INFINITY))
            kept = [None] * 3_000_000
            for at in range(len(kept)):
                kept[at] = bytes(50 + at % 100)
            """)
        self.assertEqual("MemoryError", meta["errorType"])
        self.assertIn("main.py", "".join(meta["stackTrace"]))

    def test_an_error_that_cannot_be_printed_is_still_answered(self):
        meta = self.error_of("""
            class Odd(Exception):
                def __str__(self): raise SystemExit
            raise Odd()
            """)
        self.assertEqual("Odd", meta["errorType"])
        self.assertIn("SystemExit", meta["errorMessage"])

    def test_lone_surrogates_in_an_error_are_answered(self):
        self.assertEqual("\ud800", self.error_of("raise ValueError('\\ud800')")["errorMessage"])

    def test_an_endless_message_is_cut(self):
        meta = self.error_of("raise ValueError('🚀' * 3_000_000)")
        self.assertTrue(meta["errorMessage"].startswith("🚀🚀🚀"))

    def test_an_endless_trace_is_cut(self):
        meta = self.error_of("exec('x = 1\\n' * 10 + 'raise ValueError(\"%s\")' % ('y' * 500_000))")
        self.assertEqual("ValueError", meta["errorType"])


class Printing(BootstrapTest):
    def test_what_was_printed_is_in_the_pipe_before_the_answer(self):
        instance = self.load("import sys\ndef handler(e, c):\n    print('line'); print('part', end='')\n    print('err', end='', file=sys.stderr)")
        instance.call()
        self.assertEqual(("line\npart", "err"), (instance.printed(), instance.printed("stderr")))

    def test_whole_lines_outlive_an_abrupt_end(self):
        instance = self.load("import os\ndef handler(e, c):\n    print('last words')\n    os._exit(7)")
        self.assertIsNone(instance.call())
        self.assertEqual((7, "last words\n", ""), instance.end())

    def test_any_text_can_be_printed(self):
        instance = self.load("handler = lambda e, c: print('ü🚀\\ud800')")
        self.assertEqual(RESULT, instance.call().kind)
        self.assertEqual("ü🚀\\ud800\n", instance.printed())

    def test_a_replaced_stdout_is_flushed_too(self):
        instance = self.load("import io, sys\nsys.stdout = io.TextIOWrapper(io.FileIO(1, 'w', closefd=False))\nhandler = lambda e, c: print('x')")
        instance.call()
        self.assertEqual("x\n", instance.printed())

    def test_closed_deleted_and_hostile_streams_do_not_hinder_the_answer(self):
        for spoil in ("sys.stdout.close()", "sys.stdout = None", "del sys.stdout", "sys.stdout = object()", "os.close(1)",
                      "sys.stdout = type('S', (), {'flush': lambda s: 1 / 0})()"):
            with self.subTest(spoil):
                self.assertEqual(1, self.result_of(spoil + "\nreturn 1"))


class Busy(BootstrapTest):
    def flags(self, body):
        code = "import os, subprocess, sys, threading\ndef handler(event, context):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        return self.load(code).call().flags

    def test_a_running_thread_makes_the_instance_busy(self):
        self.assertEqual(BUSY, self.flags("threading.Thread(target=threading.Event().wait, daemon=True).start()"))

    def test_a_joined_thread_does_not(self):
        self.assertEqual(0, self.flags("t = threading.Thread(target=print)\nt.start()\nt.join()"))

    def test_a_finished_executor_does_not(self):
        self.assertEqual(0, self.flags("from concurrent.futures import ThreadPoolExecutor as P\nwith P(4) as p: list(p.map(str, range(9)))"))

    def test_a_running_child_makes_the_instance_busy_on_errors_too(self):
        for end in ("return p.pid", "raise ValueError(p.pid)"):
            with self.subTest(end):
                instance = self.load("import subprocess\ndef handler(e, c):\n    p = subprocess.Popen(['sleep', '1000'])\n    " + end)
                answer = instance.call()
                os.kill(int(answer.body or answer.meta["errorMessage"]), signal.SIGKILL)
                self.assertEqual(BUSY, answer.flags)

    def test_children_that_have_ended_do_not(self):
        self.assertEqual(0, self.flags("subprocess.run(['true'])"))
        zombie = "pid = os.fork()\nif not pid: os._exit(0)\nos.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)"
        self.assertEqual(0, self.flags(zombie))

    def test_many_children_that_nobody_waits_for_do(self):
        self.assertEqual(BUSY, self.flags("""
            for _ in range(40):
                pid = os.fork()
                if not pid: os._exit(0)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            """))

    def test_an_orphan_that_the_init_process_took_over_makes_the_instance_busy(self):
        prctl, subreaper = ctypes.CDLL(None).prctl, 36
        self.assertEqual(0, prctl(subreaper, 1, 0, 0, 0))  # this process plays the instance's init process
        self.addCleanup(prctl, subreaper, 0, 0, 0, 0)
        instance = self.load("""
            import os
            def handler(event, context):
                with os.popen("setsid sleep 1000 >/dev/null 2>&1 & echo $!") as shell:
                    return int(shell.read())
            """)
        answer = instance.call()
        orphan = int(answer.body)
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)
        self.assertEqual(BUSY, answer.flags)


class Forking(BootstrapTest):
    def test_a_forked_child_has_no_socket_and_cannot_answer(self):
        instance = self.load("""
            import os
            sockets = lambda: sum(os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") for fd in (5, 4, 3)
                                  if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}"))
            def handler(event, context):
                reader, writer = os.pipe()
                if os.fork() == 0:
                    os.write(writer, b"%d" % sockets())
                    return "from the child"
                child = os.read(reader, 10)
                os.wait()
                return [sockets(), int(child)]
            """)
        self.assertEqual([1, 0], self.value(instance.call()))
        self.assertEqual([1, 0], self.value(instance.call()))

    def test_a_program_that_is_started_inherits_no_socket(self):
        self.assertNotIn("socket:", self.result_of("""
            import subprocess
            return subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, close_fds=False).stdout
            """))


class Scripts(BootstrapTest):
    def script(self, code, **changes):
        return self.load(code, script=True, **changes)

    def failure(self, answer, flags=0):
        self.assertEqual((ERROR, flags, 1, b""), (answer.kind, answer.flags, answer.call, answer.body))
        return answer.meta

    def play_init(self):
        """Lets this process take over orphans, as the instance's init process does."""
        prctl, subreaper = ctypes.CDLL(None).prctl, 36
        self.assertEqual(0, prctl(subreaper, 1, 0, 0, 0))
        self.addCleanup(prctl, subreaper, 0, 0, 0, 0)

    def drain(self, instance):
        """Reads what is printed, as the gateway does all the time."""
        thread = threading.Thread(target=instance.process.stdout.read)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(instance.process.kill)

    def bury(self, orphan):
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)

    def test_what_it_prints_is_its_result_and_is_on_the_record(self):
        instance = self.script("print('grüße 🚀')\nprint('two', end='')")
        self.assertEqual("grüße 🚀\ntwo", self.value(instance.call()))
        self.assertEqual("grüße 🚀\ntwo", instance.printed())

    def test_the_event_is_on_its_stdin_and_in_payload(self):
        instance = self.script("import os, sys\nprint(sys.stdin.read() + os.environ['PAYLOAD'])")
        self.assertEqual('{"a": "ü"}{"a": "ü"}\n', self.value(instance.call(body='{"a": "ü"}'.encode())))

    def test_an_event_that_no_variable_can_hold_is_on_stdin_alone(self):
        instance = self.script("import os, sys\nprint(len(sys.stdin.read()), len(os.environ.get('PAYLOAD', '')))")
        fits = (128 << 10) - len("PAYLOAD=\0")
        self.assertEqual(f"{fits} {fits}\n", self.value(instance.call(body=b'"%s"' % (b"x" * (fits - 2)))))
        self.assertEqual(f"{fits + 1} 0\n", self.value(instance.call(body=b'"%s"' % (b"x" * (fits - 1)))))
        self.assertEqual("5000002 0\n", self.value(instance.call("x" * 5_000_000)))

    def test_nothing_of_it_runs_while_it_is_loaded(self):
        instance = self.script("print('ran')")
        self.assertEqual("", instance.printed())

    def test_a_wrong_syntax_is_an_init_error(self):
        meta = self.start().init("print('fine')\nprint(", script=True).meta
        self.assertEqual("SyntaxError", meta["errorType"])
        self.assertIn("main.py\", line 2", "".join(meta["stackTrace"]))

    def test_each_call_is_a_process_of_its_own(self):
        instance = self.script("import os\nprint(os.getpid())")
        self.assertNotEqual(self.value(instance.call()), self.value(instance.call()))

    def test_it_finds_its_directory_its_variables_and_the_libraries(self):
        libraries = tempfile.mkdtemp(prefix="nb")
        self.addCleanup(shutil.rmtree, libraries)
        with open(os.path.join(libraries, "shout.py"), "w") as library:
            library.write("text = 'from the library'")
        instance = self.load(None, script=True, dependencies=libraries, env={"GREETING": "good day"}, file="src/main.py", files={
            "src/main.py": "import os, shout, beside\nprint(shout.text, beside.text, os.getcwd(), os.environ['GREETING'], __name__)",
            "src/beside.py": "text = 'from beside'"})
        self.assertEqual(f"from the library from beside {instance.directory} good day __main__\n", self.value(instance.call()))

    def test_an_exit_code_is_an_error_and_the_next_call_works(self):
        instance = self.script("import sys\nprint('so far')\nsys.exit(int(input()))")
        self.assertEqual({"errorType": "ScriptError", "errorMessage": "exit code 3", "stackTrace": [], "exitCode": 3},
                         self.failure(instance.call(3)))
        self.assertEqual("so far\n", instance.printed())
        self.assertEqual("so far\n", self.value(instance.call(0)))

    def test_a_signal_counts_128_more(self):
        self.assertEqual(143, self.failure(self.script("import os\nos.kill(os.getpid(), 15)").call())["exitCode"])

    def test_an_uncaught_error_is_on_stderr_and_an_exit_code(self):
        instance = self.script("1 / 0")
        self.assertEqual(1, self.failure(instance.call())["exitCode"])
        self.assertIn("ZeroDivisionError", instance.printed("stderr"))

    def test_a_killed_script_takes_the_instance_along(self):
        instance = self.script("import os\nprint('before')\nos.kill(os.getpid(), 9)")
        self.assertIsNone(instance.call())
        self.assertEqual((-signal.SIGKILL, "before\n", ""), instance.end())

    def test_a_body_that_is_not_json_is_a_bad_event_and_it_does_not_run(self):
        instance = self.script("print('ran')")
        for body in (b"", b"{", b"\xff", b"NaN"):
            self.failure(instance.call(body=body), BAD_EVENT)
        self.assertEqual("", instance.printed())

    def test_output_that_is_not_utf8_is_replaced(self):
        self.assertEqual("a\ufffdb", self.value(self.script("import os\nos.write(1, b'a\\xffb')").call()))

    def test_whoever_does_not_read_a_large_event_is_answered(self):
        for code in ("print('done')", "import os\nos.close(0)\nprint('done')", "import os\nos.read(0, 10)\nos.close(0)\nprint('done')"):
            self.assertEqual("done\n", self.value(self.script(code).call("x" * 3_000_000)))

    def test_it_may_print_while_it_reads(self):
        instance = self.script("import shutil, sys\nshutil.copyfileobj(sys.stdin, sys.stdout)")
        self.drain(instance)
        self.assertEqual('"%s"' % ("x" * 3_000_000), self.value(instance.call("x" * 3_000_000)))

    def test_a_script_that_closes_its_stdout_is_waited_for(self):
        instance = self.script("import os\nprint('first')\nos.close(1)\nos.read(0, 9)\nos._exit(4)")
        self.assertEqual(4, self.failure(instance.call())["exitCode"])

    def test_a_daemon_that_keeps_stdout_open_does_not_hold_up_the_answer(self):
        self.play_init()
        for spam in ("", "import time\n    while True: os.write(1, b'spam')"):
            instance = self.script("import os, signal\nprint('from the script')\nif os.fork() == 0:\n    os.setsid()\n"
                                   "    print(os.getpid(), file=open('pid', 'w'), flush=True)\n    " + (spam or "signal.pause()") +
                                   "\nwhile not os.path.exists('pid') or not open('pid').read(): pass")
            self.drain(instance)
            answer = instance.call()
            with open(os.path.join(instance.directory, "pid")) as pid:
                self.bury(int(pid.read()))
            self.assertEqual(RESULT, answer.kind)
            if not spam:  # one that prints may have ended by itself: nobody reads any more
                self.assertEqual(BUSY, answer.flags)
            self.assertTrue(json.loads(answer.body).startswith("from the script\n"))

    def test_endless_output_ends_it_and_is_not_kept(self):
        instance = self.script("import sys\nwhile True: sys.stdout.write('x' * 1_000_000)")
        self.drain(instance)
        before = instance.most_memory()
        self.assertEqual("ResultTooLarge", self.failure(instance.call(), BAD_RESULT)["errorType"])
        self.assertLess(instance.most_memory() - before, 40 << 20)

    def test_the_limit_holds_for_the_json_too(self):
        limit = 1000
        self.assertEqual("x" * 998, self.value(self.script("print('x' * 998, end='')", maxResultBytes=limit).call()))
        for code in ("print('x' * 999, end='')", "print('\\0' * 200, end='')"):
            self.assertEqual("ResultTooLarge", self.failure(self.script(code, maxResultBytes=limit).call(), BAD_RESULT)["errorType"])

    def test_what_it_printed_is_in_the_pipe_while_it_runs(self):
        instance = self.script("import time\nprint('working')\ntime.sleep(1000)")
        instance.send(INVOKE, 0, 1, b"", b"{}")
        self.assertEqual(b"working\n", instance.process.stdout.readline())

    def test_it_inherits_no_socket(self):
        self.assertNotIn("socket:", self.value(self.script("import os\nos.system('ls -l /proc/self/fd')").call()))


class OutputFiles(BootstrapTest):
    WRITE = """
        import os
        here = os.environ["OUTPUT_DIR"]
        def write(path, data="x"):
            path = os.path.join(here, path) if isinstance(path, str) else os.path.join(os.fsencode(here), path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file: file.write(data if isinstance(data, bytes) else data.encode())
        """

    def function(self, body, **changes):
        code = textwrap.dedent(self.WRITE) + "def handler(event, context):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        return self.load(code, **changes)

    def test_all_files_come_before_the_answer(self):
        instance = self.function("write('b.txt', 'grüße'); write('a/b/c.bin', bytes(range(256))); write('empty', ''); return 1")
        files, answer = instance.call_for_files()
        self.assertEqual({"a/b/c.bin": bytes(range(256)), "b.txt": "grüße".encode(), "empty": b""}, files)
        self.assertEqual(["a/b/c.bin", "b.txt", "empty"], list(files))
        self.assertEqual(1, self.value(answer))

    def test_a_call_that_was_not_asked_for_files_sends_none_and_keeps_them(self):
        instance = self.function("write(event, event); return sorted(os.listdir(here))")
        self.assertEqual(["a"], self.value(instance.call("a")))
        self.assertEqual(["a", "b"], self.value(instance.call("b")))

    def test_what_an_earlier_call_left_is_gone_whatever_its_modes(self):
        instance = self.function("""
            write(event + '/deep/er', event)
            os.symlink('/etc/passwd', here + '/' + event + '/link')
            for path in ('/deep', '', '/..'): os.chmod(here + '/' + event + path, 0o500)
            """)
        for name in "ab":
            files, _ = instance.call_for_files(name)
            self.assertEqual({name + "/deep/er": name.encode()}, files)

    def test_errors_and_bad_results_come_with_files_too(self):
        for end, flags in (("raise ValueError", 0), ("return {1}", BAD_RESULT)):
            files, answer = self.function(f"write('a'); {end}").call_for_files()
            self.assertEqual(({"a": b"x"}, ERROR, flags), (files, answer.kind, answer.flags))

    def test_a_bad_event_comes_without_files(self):
        instance = self.function("write('a')")
        files, answer = instance.call_for_files(body=b"{")
        self.assertEqual(({}, ERROR, BAD_EVENT), (files, answer.kind, answer.flags))

    def test_what_is_no_regular_file_is_left_out_and_named(self):
        instance = self.function("""
            import socket
            write('real')
            os.symlink('/etc/passwd', here + '/link')
            os.symlink('/etc', here + '/directory')
            os.symlink('nowhere', here + '/dangling')
            os.mkfifo(here + '/fifo')
            socket.socket(socket.AF_UNIX).bind(here + '/socket')
            """)
        files, answer = instance.call_for_files()
        self.assertEqual({"real": b"x"}, files)
        self.assertEqual(["dangling left out: it is a link", "directory left out: it is a link", "fifo left out: it is no regular file",
                          "link left out: it is a link", "socket left out: No such device or address"],
                         [line[len("output file "):] for line in instance.printed("stderr").splitlines()])

    def test_names_that_the_gateway_refuses_are_left_out(self):
        instance = self.function("""
            for name in (b'line\\nbreak', b'back\\\\slash', b'\\xff', b'c1\\xc2\\x85', b'a' * 100 + b'/' + b'b' * 100): write(name)
            write(b'a' * 100 + b'/' + b'b' * 99)
            write(b'\\xf0\\x9f\\x9a\\x80' * 60)
            """)
        files, _ = instance.call_for_files()
        self.assertEqual(["a" * 100 + "/" + "b" * 99, "🚀" * 60], list(files))
        self.assertEqual(5, len(instance.printed("stderr").splitlines()))

    def test_a_hundred_files_are_sent_and_the_rest_is_named_within_reason(self):
        instance = self.function("for i in range(250): write('%03d' % i)")
        files, _ = instance.call_for_files()
        self.assertEqual(["%03d" % i for i in range(100)], list(files))
        lines = instance.printed("stderr").splitlines()
        self.assertEqual((101, "output file 100 left out: at most 100 files are taken", "50 more output files left out"),
                         (len(lines), lines[0], lines[-1]))

    def test_no_more_than_32_mib_are_sent_and_they_take_no_memory(self):
        instance = self.function("""
            for name, size in (('a', 31 << 20), ('b', 1 << 20), ('c', 1), ('d', 0)):
                with open(here + '/' + name, 'wb') as file: file.truncate(size)
            """)
        instance.call(None)
        before = instance.most_memory()
        files, _ = instance.call_for_files()
        self.assertEqual({"a": 31 << 20, "b": 1 << 20, "d": 0}, {name: len(data) for name, data in files.items()})
        self.assertEqual("output file c left out: all files together may have 32 MiB\n", instance.printed("stderr"))
        self.assertLess(instance.most_memory() - before, 10 << 20)

    def test_a_directory_that_is_gone_or_something_else_is_an_empty_one_for_the_next_call(self):
        for spoil in ("shutil.rmtree(here)", "shutil.rmtree(here); os.symlink('/etc', here)", "shutil.rmtree(here); open(here, 'w').close()"):
            with self.subTest(spoil):
                instance = self.function(f"import shutil\nif event: {spoil}\nelse: write('a')")
                self.assertEqual({}, instance.call_for_files(True)[0])
                files, answer = instance.call_for_files(False)
                self.assertEqual(({"a": b"x"}, RESULT, 0), (files, answer.kind, answer.flags))

    def test_files_that_can_not_be_removed_go_to_nobody(self):
        instance = self.function("""
            path = here
            for _ in range(3000):
                os.chdir(path)
                path = 'deep'
                os.mkdir(path)
            """)
        instance.call()
        files, answer = instance.call_for_files()
        self.assertEqual(({}, ERROR, BUSY), (files, answer.kind, answer.flags))
        subprocess.run(["rm", "-rf", os.path.join(instance.root, "output")], check=True)

    def test_a_script_leaves_files_too(self):
        instance = self.load("import os\nopen(os.environ['OUTPUT_DIR'] + '/a', 'w').write('from a script')\nexit(2)", script=True)
        files, answer = instance.call_for_files()
        self.assertEqual(({"a": b"from a script"}, 2), (files, answer.meta["exitCode"]))


if __name__ == "__main__":
    unittest.main()
