package io.nanogrid.gateway.dispatch;

/// Runs calls, somewhere. Safe for use by many threads; blocks until the call has ended.
public interface Dispatcher {

    Invocation dispatch(Call call) throws InterruptedException;
}
