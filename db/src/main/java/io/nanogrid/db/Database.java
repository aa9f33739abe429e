package io.nanogrid.db;

/// All that is stored. Whoever opened it closes it; its repositories are of no use afterwards.
public interface Database extends AutoCloseable {

    CallbackRepository callbacks();

    FunctionRepository functions();

    ChatRoomRepository chatRooms();

    ExecutionRepository executions();

    InvocationQueue queue();

    JobRepository jobs();

    IdempotencyRepository idempotency();

    KeyRepository keys();

    /// Whether reads and writes get through, found out within about two seconds.
    boolean healthy();

    /// Waits for the writes that were accepted.
    @Override
    void close();
}
