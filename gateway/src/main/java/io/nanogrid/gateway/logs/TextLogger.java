package io.nanogrid.gateway.logs;

import java.io.Serial;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/// Has slf4j-simple write the line, behind the request's id.
final class TextLogger extends LevelledLogger {

    @Serial
    private static final long serialVersionUID = 1L;
    /// What a user's text could fake another line with, or a terminal be moved by.
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}&&[^\t]]+");

    TextLogger(Logger target) {
        super(target);
    }

    @Override
    void write(Level level, String message, @Nullable String requestId, @Nullable Throwable error) {
        String line = CONTROL.matcher(message).replaceAll(" ");
        String text = requestId == null ? line : "[" + requestId + "] " + line;
        switch (level) {
            case TRACE -> levels.trace(text, error);
            case DEBUG -> levels.debug(text, error);
            case INFO -> levels.info(text, error);
            case WARN -> levels.warn(text, error);
            case ERROR -> levels.error(text, error);
        }
    }
}
