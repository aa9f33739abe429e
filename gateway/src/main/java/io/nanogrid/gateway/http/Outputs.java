package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.invoke.OutputStore.StoredFile;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/// `GET /outputs/{requestId}/{file}`: what functions wrote to `$OUTPUT_DIR`.
final class Outputs {

    private final OutputStore store;

    Outputs(OutputStore store) {
        this.store = store;
    }

    void get(Context ctx) throws IOException {
        String path = ctx.pathParam("file");
        Optional<StoredFile> found = store.find(ctx.pathParam("requestId"), path);
        if (found.isEmpty()) {
            throw gone();
        }
        try {
            ctx.result(found.get().content().open());
        } catch (NoSuchFileException e) {
            throw gone();
        }
        // Its length is said, and stays.
        ctx.disableCompression();
        // Hostile code made it, so a browser gets nothing that it would show or run.
        ctx.header("Content-Type", "application/octet-stream");
        ctx.header("Content-Length", String.valueOf(found.get().size()));
        ctx.header("Content-Disposition", "attachment; filename*=UTF-8''" + fileName(path));
        ctx.header("X-Content-Type-Options", "nosniff");
        ctx.header("Content-Security-Policy", "default-src 'none'; sandbox");
    }

    private static Problem.Thrown gone() {
        return Problem.notFound("there is no such output file; they are kept for an hour").thrown();
    }

    /// As RFC 8187 spells it.
    private static String fileName(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
    }
}
