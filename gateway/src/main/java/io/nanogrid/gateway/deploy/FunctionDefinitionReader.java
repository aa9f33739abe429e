package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.gateway.code.CodePaths;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.CommonFields.Program;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads the definition of a function that belongs to no callback, checks all of it, and stores its code.
public final class FunctionDefinitionReader {

    /// Every field that a definition may have.
    public static final Set<String> FIELDS = Set.of("name", "description", "runtime", "code", "files", "archive",
            "handler", "library", "env", "memoryMb", "timeoutMs", "concurrency", "network");

    private static final int MAX_DESCRIPTION = 1024;
    private static final String ZIP = ".zip";

    private final RuntimeTypes types;
    private final CommonFields common;
    private final CodeStore store;

    public FunctionDefinitionReader(RuntimeTypes types, CodeStore store) {
        this.types = types;
        this.common = new CommonFields(types, CommonFields.Family.FUNCTION);
        this.store = store;
    }

    /// A file that holds the code: a source file or a zip archive.
    ///
    /// @param name as the sender calls it
    /// @param file where it lies now
    public record Upload(String name, Path file) {
    }

    /// A new function's draft.
    ///
    /// @throws InvalidDefinition naming everything that is wrong
    public FunctionDraft create(ObjectNode json, @Nullable Upload upload)
            throws InvalidDefinition, IOException, InterruptedException {
        return read(new Fields(json), upload, null);
    }

    /// A function's next draft: what isn't given stays as it is.
    ///
    /// @throws InvalidDefinition naming everything that is wrong
    public FunctionDraft change(ObjectNode json, @Nullable Upload upload, FunctionRecord present)
            throws InvalidDefinition, IOException, InterruptedException {
        return read(new Fields(json), upload, present);
    }

    private FunctionDraft read(Fields fields, @Nullable Upload upload, @Nullable FunctionRecord old)
            throws InvalidDefinition, IOException, InterruptedException {
        Definition present = old == null ? null : old.draft();
        String handler = CommonFields.handler(fields, present);
        CodeBundle files = upload == null ? files(fields) : uploaded(fields, upload);
        String type = fields.text("runtime", present == null ? guess(files, handler) : present.runtime());
        RuntimeDescriptor runtime = common.runtime(fields, type);
        CodeBundle code = files == null && upload == null && fields.has("code")
                ? CodeReader.read(fields, runtime)
                : files;
        if (present == null && upload == null && CodeReader.given(fields).isEmpty()) {
            fields.problem("code is missing: give code, files or archive, or upload a file");
        }
        Program program = new Program(type, handler, CommonFields.hash(code, present),
                isScript(fields, runtime, handler, code, present));
        Definition read = common.definition(fields, program, runtime, present, PayloadFormat.SIMPLE);
        String name = name(fields, upload, old);
        String description = description(fields, old);
        fields.throwIfWrong();
        if (code != null) {
            store.put(code);
        }
        return new FunctionDraft(name, description, read);
    }

    /// What is known without a runtime, which `code` needs for its file's name.
    private static @Nullable CodeBundle files(Fields fields) {
        return fields.has("code") ? null : CodeReader.read(fields, null);
    }

    private @Nullable CodeBundle uploaded(Fields fields, Upload upload) throws IOException {
        List<String> others = CodeReader.given(fields);
        if (!others.isEmpty()) {
            fields.problem("give the code once: file or " + String.join(" or ", others));
        }
        try {
            return uploaded(CodePaths.check(upload.name), Files.readAllBytes(upload.file));
        } catch (BadCode e) {
            fields.problem("file: " + e.getMessage());
            return null;
        }
    }

    private CodeBundle uploaded(String name, byte[] content) throws BadCode {
        String shown = "'" + RuntimeTypes.printable(name) + "'";
        if (name.contains("/")) {
            throw new BadCode(shown + " must be the plain name of a file, without directories");
        }
        String extension = SourceText.extension(name);
        if (extension.equalsIgnoreCase(ZIP)) {
            if (!SourceText.isZip(content)) {
                throw new BadCode(shown + " isn't a zip archive by its content");
            }
            return CodeArchive.unpack(content);
        }
        Set<String> taken = types.all().stream().flatMap(runtime -> runtime.extensions().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        if (!taken.contains(extension)) {
            throw new BadCode(shown + " can't be taken: send a " + ZIP + " archive, or a source file: "
                    + String.join(", ", taken));
        }
        Content source = Content.of(content);
        SourceText.of(name, source);
        return CodeBundle.of(Map.of(name, source));
    }

    /// The one runtime that finds a file to run in the code, if it is only one.
    private @Nullable String guess(@Nullable CodeBundle code, @Nullable String handler) {
        if (code == null) {
            return null;
        }
        List<String> candidates = types.all().stream().filter(runtime -> finds(runtime, handler, code))
                .map(RuntimeDescriptor::id).toList();
        return candidates.size() == 1 ? candidates.getFirst() : null;
    }

    private static boolean finds(RuntimeDescriptor runtime, @Nullable String handler, CodeBundle code) {
        try {
            HandlerFile.find(runtime, handler, code);
            return true;
        } catch (InvalidDefinition e) {
            return false;
        }
    }

    /// Whether there is nothing to call in the code: nobody has named a handler, and the file that is run doesn't mention any of the runtime's
    /// default names. The code is looked at where it, or what is to be done with it, changes.
    private boolean isScript(Fields fields, @Nullable RuntimeDescriptor runtime, @Nullable String handler,
            @Nullable CodeBundle given, @Nullable Definition present) {
        if (present != null && given == null && fields.node("handler") == null && !fields.has("runtime")) {
            return present.script();
        }
        try {
            CodeBundle code = given == null && present != null ? store.get(present.codeHash()) : given;
            if (code == null || runtime == null) {
                return false;
            }
            String file = HandlerFile.find(runtime, handler, code).file();
            Content content = code.files().get(file);
            String source = content == null ? "" : SourceText.of(file, content);
            return handler == null && !SourceText.mentions(source, runtime.handlers());
        } catch (InvalidDefinition | BadCode e) {
            fields.problem(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            fields.problem("the stored code is lost or damaged: send the code too");
        }
        return false;
    }

    private static String name(Fields fields, @Nullable Upload upload, @Nullable FunctionRecord old) {
        String fallback = old != null ? old.name() : upload != null ? plain(upload.name) : null;
        String name = fields.text("name", fallback, CommonFields.NAME, CommonFields.NAME_HINT);
        if (name == null) {
            fields.problem("name is missing: " + CommonFields.NAME_HINT);
        }
        return name == null ? "" : name;
    }

    /// A file's name without its extension, as far as it can be a function's.
    private static @Nullable String plain(String file) {
        int dot = file.lastIndexOf('.');
        String name = (dot <= 0 ? file : file.substring(0, dot)).replaceAll("[^A-Za-z0-9._-]+", "-")
                .replaceAll("^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "");
        return name.isEmpty() ? null : name.substring(0, Math.min(64, name.length()));
    }

    private static @Nullable String description(Fields fields, @Nullable FunctionRecord old) {
        String description = fields.text("description", old == null ? null : old.description());
        if (description != null && description.length() > MAX_DESCRIPTION) {
            fields.problem("description has more than " + MAX_DESCRIPTION + " characters");
        }
        return description;
    }
}
