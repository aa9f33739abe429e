package io.nanogrid.gateway.logs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.Serial;
import java.io.StringWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/// Writes each line as one JSON object to the standard error: `time`, `level`, `logger`, `message`, and `requestId` and `error`, the stack
/// trace, where there are any.
final class JsonLogger extends LevelledLogger {

    @Serial
    private static final long serialVersionUID = 1L;
    private static final ObjectMapper JSON = new ObjectMapper();

    JsonLogger(Logger levels) {
        super(levels);
    }

    @Override
    void write(Level level, String message, @Nullable String requestId, @Nullable Throwable error) {
        Map<String, String> line = new LinkedHashMap<>();
        line.put("time", Instant.now().toString());
        line.put("level", level.name());
        line.put("logger", getName());
        line.put("message", message);
        if (requestId != null) {
            line.put("requestId", requestId);
        }
        if (error != null) {
            StringWriter trace = new StringWriter();
            error.printStackTrace(new PrintWriter(trace));
            line.put("error", trace.toString());
        }
        try {
            System.err.println(JSON.writeValueAsString(line));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
