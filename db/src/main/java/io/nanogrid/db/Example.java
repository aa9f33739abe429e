package io.nanogrid.db;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A callback that a new installation has, so that there is something to deploy.
///
/// @param fileName what its only code file is called
/// @param source the text of that file
public record Example(String path, String method, String runtime, String fileName, String source) {

    /// In the order of their ids, 1001 and 1002.
    public static List<Example> all() {
        return List.of(read(1001, "hello", "python", "lambda_function.py"), read(1002, "world", "node", "index.js"));
    }

    /// To be given to {@link CallbackRepository#seed} once the code is where instances will look for it.
    public CallbackDraft draft(String routeKey, String codeHash) {
        var definition = new Definition(runtime, null, codeHash, null, Map.of(), 128, Duration.ofSeconds(30), null,
                false, PayloadFormat.SIMPLE, false);
        return new CallbackDraft(path, new Endpoint(path, method, routeKey, Access.NONE, null), definition, null);
    }

    private static Example read(int id, String path, String runtime, String fileName) {
        String resource = "examples/%d/%s".formatted(id, fileName);
        try (InputStream in = Example.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("The jar lacks " + resource);
            }
            return new Example(path, "GET", runtime, fileName, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
