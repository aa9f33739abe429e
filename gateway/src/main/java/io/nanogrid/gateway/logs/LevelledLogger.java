package io.nanogrid.gateway.logs;

import java.io.Serial;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/// A logger whose level is that of another one.
abstract class LevelledLogger extends LegacyAbstractLogger {

    @Serial
    private static final long serialVersionUID = 1L;

    final transient Logger levels;

    LevelledLogger(Logger levels) {
        this.levels = levels;
        this.name = levels.getName();
    }

    /// @param message complete
    /// @param requestId of the request that the line concerns, if any
    abstract void write(Level level, String message, @Nullable String requestId, @Nullable Throwable error);

    @Override
    protected void handleNormalizedLoggingCall(Level level, @Nullable Marker marker, String pattern,
            @Nullable Object @Nullable [] arguments, @Nullable Throwable error) {
        String message = arguments == null ? pattern : MessageFormatter.basicArrayFormat(pattern, arguments);
        write(level, message, CurrentRequest.id(), error);
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
        return null;
    }

    @Override
    public boolean isTraceEnabled() {
        return levels.isTraceEnabled();
    }

    @Override
    public boolean isDebugEnabled() {
        return levels.isDebugEnabled();
    }

    @Override
    public boolean isInfoEnabled() {
        return levels.isInfoEnabled();
    }

    @Override
    public boolean isWarnEnabled() {
        return levels.isWarnEnabled();
    }

    @Override
    public boolean isErrorEnabled() {
        return levels.isErrorEnabled();
    }
}
