package io.nanogrid.runtime.python;

import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import io.nanogrid.spi.RuntimeDescriptor.Image;
import io.nanogrid.spi.RuntimePlugin;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pf4j.Extension;

/// CPython 3.9 and newer.
@Extension
public final class PythonRuntime implements RuntimePlugin {

    @Override
    public RuntimeDescriptor describe() {
        return new RuntimeDescriptor(
                "python",
                List.of("python3", "py"),
                List.of("lambda_function.py", "main.py"),
                List.of(".py"),
                List.of("lambda_handler", "handler"),
                Stream.of("bootstrap.py", "outputs.py", "scripts.py").collect(Collectors.toMap(name -> name,
                        name -> Content.resource(PythonRuntime.class, "runtime/" + name))),
                // -I: neither the working directory nor PYTHON* variables decide what is imported.
                List.of("{interpreter}", "-I", "{bootstrap}/bootstrap.py"),
                Map.of("PYTHONDONTWRITEBYTECODE", "1"),
                List.of("python3"),
                new Image("python:3.12-slim", "PYTHON_BASE_IMAGE", "nanogrid-base-python:local", "python3"),
                new Dependencies(
                        "requirements.txt",
                        List.of("requirements.txt", "*.whl", "wheels/*"),
                        List.of("{interpreter}", "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
                                "--no-cache-dir",
                                "--only-binary=:all:", "--target", "{target}", "-r", "{manifest}"),
                        Map.of("PIP_CONFIG_FILE", "/dev/null")));
    }
}
