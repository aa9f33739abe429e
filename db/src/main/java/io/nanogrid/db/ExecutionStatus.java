package io.nanogrid.db;

/// What a call ended as.
public enum ExecutionStatus {
    SUCCESS, FUNCTION_ERROR, BAD_RESULT, TIMEOUT, OUT_OF_MEMORY, EXITED, INIT_ERROR, PLATFORM_ERROR
}
