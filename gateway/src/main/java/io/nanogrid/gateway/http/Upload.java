package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The body of a call that sends a function, as JSON or as a form. The parts of a form have the names of the JSON's fields; one more, `file`,
/// holds the code. It lies on disk until this is closed.
final class Upload implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Upload.class);
    private static final String FILE = "file";
    private static final String FORM = "multipart/form-data";
    private static final int MAX_PARTS = 64;
    private static final int MAX_PART_HEAD = 8 << 10;
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,18}");
    private static final Set<String> NUMBERS = Set.of("memoryMb", "timeoutMs", "concurrency");
    private static final Set<String> FLAGS = Set.of("network");
    private static final Set<String> OBJECTS = Set.of("env", "files");

    private final ObjectNode fields;
    private final FunctionDefinitionReader.@Nullable Upload file;
    private final @Nullable Path directory;

    private Upload(ObjectNode fields, FunctionDefinitionReader.@Nullable Upload file, @Nullable Path directory) {
        this.fields = fields;
        this.file = file;
        this.directory = directory;
    }

    /// @param directory where files go for the time being
    /// @param limit the largest body that is taken, in bytes
    /// @throws Problem.Thrown if it is larger, or neither of both
    static Upload read(Context ctx, Path directory, long limit) throws InterruptedException {
        String type = Objects.requireNonNullElse(ctx.header("Content-Type"), "");
        if (type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            return new Upload(JsonBody.read(ctx, FunctionDefinitionReader.FIELDS), null, null);
        }
        if (!type.toLowerCase(Locale.ROOT).startsWith(FORM)) {
            throw Problem.notJsonNorForm().thrown();
        }
        String boundary = MultiPart.extractBoundary(type);
        if (boundary == null) {
            throw Problem.badRequest("malformed_form", "the content type names no boundary of the form's parts")
                    .thrown();
        }
        if (ctx.req().getContentLengthLong() > limit) {
            throw Problem.bodyTooLarge(limit).thrown();
        }
        try {
            return read(ctx, boundary, Files.createTempDirectory(directory, "upload-"), limit);
        } catch (IOException e) {
            LOG.error("An uploaded file can't be stored", e);
            throw Problem.storageFailed().thrown();
        }
    }

    private static Upload read(Context ctx, String boundary, Path own, long limit)
            throws IOException, InterruptedException {
        boolean read = false;
        try (MultiPartFormData.Parts parts = parse(new Bounded(ctx.req().getInputStream(), limit), boundary, own)) {
            Upload upload = of(parts, own);
            read = true;
            return upload;
        } finally {
            if (!read) {
                delete(own);
            }
        }
    }

    /// @throws IOException where a file can't be written
    private static MultiPartFormData.Parts parse(Bounded body, String boundary, Path directory)
            throws IOException, InterruptedException {
        MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
        parser.setFilesDirectory(directory);
        // Files go to disk at once; the other parts are short.
        parser.setMaxMemoryFileSize(0);
        parser.setMaxLength(-1);
        parser.setMaxFileSize(-1);
        parser.setMaxParts(MAX_PARTS);
        parser.setPartHeadersMaxLength(MAX_PART_HEAD);
        CompletableFuture<MultiPartFormData.Parts> parts = new CompletableFuture<>();
        parser.parse(Content.Source.from(body), Promise.Invocable.toPromise(parts));
        try {
            return parts.get();
        } catch (ExecutionException e) {
            LOG.debug("A form can't be read", e);
            if (body.exceeded) {
                throw Problem.bodyTooLarge(body.limit).thrown();
            }
            if (!body.failed && e.getCause() instanceof IOException failure && !(failure instanceof EOFException)) {
                throw failure;
            }
            throw Problem.badRequest("malformed_form",
                    "the body isn't a whole form of up to " + MAX_PARTS + " parts, as its content type says").thrown();
        }
    }

    private static Upload of(MultiPartFormData.Parts parts, Path directory) throws IOException {
        ObjectNode fields = JsonNodeFactory.instance.objectNode();
        FunctionDefinitionReader.Upload file = null;
        TreeSet<String> twice = new TreeSet<>();
        for (MultiPart.Part part : parts) {
            String name = String.valueOf(part.getName());
            if (fields.has(name) || (name.equals(FILE) && file != null)) {
                twice.add(name);
            } else if (name.equals(FILE)) {
                file = file(part, directory.resolve("code"));
            } else {
                add(fields, name, text(name, part));
            }
        }
        if (!twice.isEmpty()) {
            throw Problem.badRequest("invalid_field", "the form has more than one part " + String.join(", ", twice))
                    .thrown();
        }
        Set<String> known = new TreeSet<>(FunctionDefinitionReader.FIELDS);
        known.add(FILE);
        JsonBody.requireKnown(fields, known);
        return new Upload(fields, file, directory);
    }

    private static String text(String name, MultiPart.Part part) throws IOException {
        try (InputStream in = Content.Source.asInputStream(part.getContentSource())) {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(in.readAllBytes())).toString();
        } catch (CharacterCodingException e) {
            throw Problem.badRequest("malformed_form", "the form's part " + name + " isn't UTF-8").thrown();
        }
    }

    private static FunctionDefinitionReader.Upload file(MultiPart.Part part, Path to) throws IOException {
        String name = part.getFileName();
        if (name == null || name.isEmpty()) {
            throw Problem.badRequest("invalid_field", "the part file needs a filename, such as main.py or code.zip")
                    .thrown();
        }
        part.writeTo(to);
        return new FunctionDefinitionReader.Upload(name, to);
    }

    /// What isn't what its field holds stays a text, for the definition's reader to say so. An empty text is a field that wasn't filled in.
    private static void add(ObjectNode fields, String name, String text) {
        if (text.isEmpty()) {
            return;
        }
        if (NUMBERS.contains(name) && NUMBER.matcher(text).matches()) {
            fields.put(name, Long.parseLong(text));
        } else if (FLAGS.contains(name) && List.of("true", "false").contains(text)) {
            fields.put(name, Boolean.parseBoolean(text));
        } else {
            Optional<JsonNode> value = OBJECTS.contains(name) ? JsonBody.value(text) : Optional.empty();
            fields.set(name, value.orElseGet(() -> JsonNodeFactory.instance.textNode(text)));
        }
    }

    /// Those that a definition may have, and no other.
    ObjectNode fields() {
        return fields;
    }

    FunctionDefinitionReader.@Nullable Upload file() {
        return file;
    }

    @Override
    public void close() {
        if (directory != null) {
            delete(directory);
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.warn("An uploaded file stays until the next start: {}", e.getMessage());
        }
    }

    /// Ends in an error where the body is too large.
    private static final class Bounded extends FilterInputStream {

        private final long limit;
        private long left;
        private boolean exceeded;
        /// Whether the client's part of the connection is what failed.
        private boolean failed;

        Bounded(InputStream in, long limit) {
            super(in);
            this.limit = limit;
            this.left = limit;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count;
            try {
                count = super.read(bytes, offset, length);
            } catch (IOException | RuntimeException e) {
                failed = true;
                throw e;
            }
            left -= Math.max(0, count);
            if (left < 0) {
                exceeded = true;
                throw new IOException("the body is larger than " + limit + " bytes");
            }
            return count;
        }

        /// The request's own stream stays open, for what is to be thrown away.
        @Override
        public void close() {
        }
    }
}
