package io.nanogrid.gateway.deploy;

/// Hears what other gateways have changed. It is called by one thread at a time.
public interface ChangeListener {

    /// Another gateway has changed this.
    void changed(Change change);

    /// From now on it hears of changes; of those before it may have missed any. Called first of all, and after each interruption.
    void mayHaveMissed();
}
