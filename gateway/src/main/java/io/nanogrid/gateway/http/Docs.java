package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// `/openapi.json`, and `/docs`, the page that shows it: Swagger UI out of its jar, and nothing from elsewhere.
///
/// What is served is read when it is first asked for, and kept. Any thread may call.
final class Docs {

    /// Swagger UI sets its styles by script, which a policy doesn't see, and has its icons as `data:`. Answers that are images are
    /// shown as `blob:`.
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'";
    private static final String OWN = "docs/";
    private static final String VIEWER = "/META-INF/resources/webjars/swagger-ui/";
    private static final String VIEWER_PROPERTIES = "/META-INF/maven/org.webjars/swagger-ui/pom.properties";
    private static final String SCRIPT = "text/javascript; charset=utf-8";
    private static final String STYLE = "text/css; charset=utf-8";

    /// All that the page consists of: nothing else can be asked for.
    private static final Map<String, String> TYPES = Map.of(
            "swagger-ui-bundle.js", SCRIPT,
            "swagger-ui.css", STYLE,
            "page.js", SCRIPT,
            "page.css", STYLE,
            "icon.svg", "image/svg+xml");
    private static final List<String> OF_VIEWER = List.of("swagger-ui-bundle.js", "swagger-ui.css");

    private final Map<String, Resource> resources = new ConcurrentHashMap<>();

    private record Resource(Bytes content, String tag) {
    }

    void home(Context ctx) {
        ctx.redirect("/docs");
    }

    void page(Context ctx) throws IOException {
        ctx.header("Content-Security-Policy", POLICY);
        ctx.header("Referrer-Policy", "no-referrer");
        write(ctx, OWN + "index.html", "text/html; charset=utf-8");
    }

    void file(Context ctx) throws IOException {
        String name = ctx.pathParam("file");
        String type = TYPES.get(name);
        if (type == null) {
            throw Problem.notFound("there is no " + ctx.method() + " " + ctx.path()).thrown();
        }
        write(ctx, OF_VIEWER.contains(name) ? VIEWER + viewerVersion() + "/" + name : OWN + name, type);
    }

    void document(Context ctx) throws IOException {
        write(ctx, "openapi.json", "application/json");
    }

    /// Browsers keep it and ask each time whether it has changed, so that a new gateway's page is seen at once.
    private void write(Context ctx, String path, String type) throws IOException {
        Resource resource = resources.get(path);
        if (resource == null) {
            resource = read(path);
            resources.put(path, resource);
        }
        ctx.header("ETag", resource.tag);
        ctx.header("Cache-Control", "no-cache");
        ctx.header("X-Content-Type-Options", "nosniff");
        if (has(ctx.header("If-None-Match"), resource.tag)) {
            ctx.status(304);
        } else {
            ctx.contentType(type).result(resource.content.array());
        }
    }

    private static boolean has(@Nullable String tags, String tag) {
        return tags != null && (tags.contains(tag) || tags.strip().equals("*"));
    }

    private static Resource read(String path) throws IOException {
        try (InputStream in = open(path)) {
            byte[] content = in.readAllBytes();
            String hash = HexFormat.of().formatHex(CodeBundle.sha256().digest(content), 0, 12);
            // Weak, because the same content goes out compressed and not.
            return new Resource(Bytes.wrap(content), "W/\"" + hash + "\"");
        }
    }

    private static String viewerVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = open(VIEWER_PROPERTIES)) {
            properties.load(in);
        }
        return properties.getProperty("version");
    }

    private static InputStream open(String path) throws IOException {
        InputStream in = Docs.class.getResourceAsStream(path);
        if (in == null) {
            throw new IOException("the gateway's jars lack " + path);
        }
        return in;
    }
}
